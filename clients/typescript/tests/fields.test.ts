import assert from "node:assert/strict";
import { test } from "node:test";

import { toJson } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { allOf, anyOf, field, not } from "@toolcrib/client";
import { type Filter, FilterSchema } from "@toolcrib/client/protos/toolcrib/query/v1/query_pb.js";
import { connect } from "@toolcrib/client/node";

import { SpecimenClient } from "../build/gen/typescript/conformance/specimens/v1/specimen_client.js";
import { SpecimenSchema, State } from "../build/gen/typescript/conformance/specimens/v1/specimen_pb.js";
import { Server } from "./server.js";

function json(filter: Filter): string {
  return JSON.stringify(toJson(FilterSchema, filter));
}

test("a condition has the field's name in the .proto, and a value of its kind", () => {
  assert.equal(
    json(field(SpecimenSchema, "anInt32").greater(5)),
    '{"comparison":{"field":"an_int32","operator":"OPERATOR_GREATER","values":[{"int64Value":"5"}]}}',
  );
  assert.match(json(field(SpecimenSchema, "aDouble").less(5)), /"doubleValue":5\b/);
  assert.match(json(field(SpecimenSchema, "wrapped").less(5)), /"doubleValue":5\b/);
  assert.match(json(field(SpecimenSchema, "aUint64").equals(2n ** 64n - 1n)), /"uint64Value":"18446744073709551615"/);
  assert.match(json(field(SpecimenSchema, "maybeString").equals(null)), /"nullValue":null/);
  assert.throws(() => field(SpecimenSchema, "anInt32").greater(1.5), RangeError);
});

test("a field cannot be asked what it cannot answer", () => {
  // @ts-expect-error -- a text is not compared with a number
  assert.doesNotThrow(() => field(SpecimenSchema, "name").equals(5));
  // @ts-expect-error -- 64 bits are bigint
  assert.doesNotThrow(() => field(SpecimenSchema, "id").equals(5));
  // @ts-expect-error -- there is no such field
  assert.throws(() => field(SpecimenSchema, "an_int32"), /has no field an_int32/);
});

test("the server finds what is asked for", async () => {
  await using server = await Server.start("tests/conformance/components");
  const crib = connect(server.address, { actor: "ann" });
  const specimens = new SpecimenClient(crib);
  await specimens.batchCreate([
    { name: "alpha", aDouble: 1, aBool: true, state: State.ON, calibrationTime: timestampFromDate(new Date(0)) },
    { name: "beta", aDouble: 2.5, someBytes: new Uint8Array([1, 2]), maybeInt64: 7n },
    { name: "gamma*", aDouble: -1, wrapped: 0.5 },
  ]);
  const found = async (query: Filter): Promise<string> => {
    const names: string[] = [];
    for await (const specimen of specimens.list({ query })) names.push(specimen.name);
    return names.join(" ");
  };
  const all: readonly (readonly [Filter, string])[] = [
    [field(SpecimenSchema, "aDouble").greaterOrEqual(1), "alpha beta"],
    [field(SpecimenSchema, "aBool").equals(true), "alpha"],
    [field(SpecimenSchema, "state").equals(State.ON), "alpha"],
    [field(SpecimenSchema, "calibrationTime").notEquals(null), "alpha"],
    [field(SpecimenSchema, "someBytes").equals(new Uint8Array([1, 2])), "beta"],
    [field(SpecimenSchema, "maybeInt64").oneOf([7n, 8n]), "beta"],
    [field(SpecimenSchema, "name").endsWith("a*"), "gamma*"],
    [field(SpecimenSchema, "wrapped").less(1), "gamma*"],
    [not(field(SpecimenSchema, "name").contains("amm")), "alpha beta"],
    [anyOf(field(SpecimenSchema, "name").startsWith("al"), field(SpecimenSchema, "aDouble").less(0)), "alpha gamma*"],
    [allOf(field(SpecimenSchema, "aDouble").greater(0), field(SpecimenSchema, "id").lessOrEqual(1n)), "alpha"],
    [allOf(), "alpha beta gamma*"],
  ];
  for (const [query, names] of all) assert.equal(await found(query), names, json(query));
  crib.close();
});
