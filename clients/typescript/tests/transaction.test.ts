import assert from "node:assert/strict";
import { test } from "node:test";

import { create } from "@bufbuild/protobuf";
import { anyPack, anyUnpack, EmptySchema } from "@bufbuild/protobuf/wkt";

import { SlotWrites } from "../build/gen/typescript/conformance/slots/v1/slot_client.js";
import { GetSlotRequestSchema } from "../build/gen/typescript/conformance/slots/v1/slot_service_pb.js";
import { SpecimenWrites } from "../build/gen/typescript/conformance/specimens/v1/specimen_client.js";
import { SpecimenSchema } from "../build/gen/typescript/conformance/specimens/v1/specimen_pb.js";
import { CreateSpecimenRequestSchema } from "../build/gen/typescript/conformance/specimens/v1/specimen_service_pb.js";
import { type CommitTransactionRequest, cribThatCommits, unavailable } from "./fake.js";

const ANSWER = {
  revision: 5n,
  responses: [
    anyPack(SpecimenSchema, create(SpecimenSchema, { id: 7n, name: "made" })),
    anyPack(EmptySchema, create(EmptySchema)),
  ],
};

test("writes are sent together, and their answers are there behind the commit", async () => {
  const asked: CommitTransactionRequest[] = [];
  const crib = cribThatCommits((request) => {
    asked.push(request);
    return ANSWER;
  });
  const transaction = crib.transaction();
  const made = new SpecimenWrites(transaction).create({ name: "made" });
  new SlotWrites(transaction).delete({ rack: "A", number: 1 }, { allowMissing: true });
  new SlotWrites(transaction).require({ rack: "A", number: 2 }, { exists: false });
  assert.throws(() => made.value, /the transaction is not committed/);
  assert.equal(asked.length, 0);
  await transaction.commit();
  assert.deepEqual([made.value.id, transaction.revision], [7n, 5n]);
  const [request] = asked;
  assert.ok(request?.requests[0] && request.preconditions[0]?.record);
  assert.equal(anyUnpack(request.requests[0], CreateSpecimenRequestSchema)?.specimen?.name, "made");
  assert.equal(anyUnpack(request.preconditions[0].record, GetSlotRequestSchema)?.number, 2);
  assert.deepEqual(request.preconditions[0].condition, { case: "exists", value: false });
});

test("an answer that is not the method's is an error", async () => {
  const transaction = cribThatCommits(() => ANSWER).transaction();
  const writes = new SpecimenWrites(transaction);
  writes.create({ name: "made" });
  writes.delete(1n);
  await assert.rejects(transaction.commit(), /was answered by type\.googleapis\.com\/google\.protobuf\.Empty/);
});

test("one whose answer was lost is committed again under the same id", async () => {
  const ids: string[] = [];
  const crib = cribThatCommits(
    ({ requestId }) => {
      ids.push(requestId);
      if (ids.length === 1) throw unavailable();
      return { revision: 5n, responses: ANSWER.responses.slice(0, 1) };
    },
    { timeoutMs: 50 },
  );
  const transaction = crib.transaction();
  const made = new SpecimenWrites(transaction).create({ name: "made" });
  await assert.rejects(transaction.commit(), { code: "UNAVAILABLE" });
  await transaction.commit();
  assert.equal(made.value.name, "made");
  assert.equal(ids.length, 2);
  assert.equal(ids[0], ids[1]);
  await assert.rejects(transaction.commit(), /the transaction is committed/);
});

test("one without a write sends nothing", async () => {
  const transaction = cribThatCommits(() => {
    throw unavailable();
  }).transaction();
  await transaction.commit();
  assert.equal(transaction.revision, 0n);
});
