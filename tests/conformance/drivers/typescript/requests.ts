// Requests as a user of the TypeScript client gives them, and answers as the runner reads them.
//
// In a program of a plant all this stands in the source: `specimens.get(7n, { showDeleted: true })`.
import {
  createRegistry,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { EmptySchema, type FieldMask, StringValueSchema } from "@bufbuild/protobuf/wkt";
import type { Commit } from "@toolcrib/client";
import { file_toolcrib_query_v1_query } from "@toolcrib/client/protos/toolcrib/query/v1/query_pb.js";

import { file_conformance_slots_v1_slot } from "../gen/typescript/conformance/slots/v1/slot_pb.js";
import {
  file_conformance_slots_v1_slot_service,
  SlotService,
} from "../gen/typescript/conformance/slots/v1/slot_service_pb.js";
import { file_conformance_specimens_v1_specimen } from "../gen/typescript/conformance/specimens/v1/specimen_pb.js";
import {
  file_conformance_specimens_v1_specimen_service,
  SpecimenService,
} from "../gen/typescript/conformance/specimens/v1/specimen_service_pb.js";

const registry = createRegistry(
  file_conformance_slots_v1_slot,
  file_conformance_slots_v1_slot_service,
  file_conformance_specimens_v1_specimen,
  file_conformance_specimens_v1_specimen_service,
  file_toolcrib_query_v1_query,
  EmptySchema,
  StringValueSchema,
);

/** A component: its service, its fields of a key, and what a record is called. */
interface Component {
  readonly service: {
    readonly methods: readonly {
      readonly name: string;
      readonly input: DescMessage;
    }[];
  };
  readonly key: readonly string[];
  readonly record: string;
}

const COMPONENTS: Readonly<Record<string, Component>> = {
  Slot: { service: SlotService, key: ["rack", "number"], record: "slot" },
  Specimen: { service: SpecimenService, key: ["id"], record: "specimen" },
};

// The methods of the service behind those of the client, where they have other names; `*` is the component.
const RPCS: Readonly<Record<string, string>> = {
  list: "List*s",
  list_page: "List*s",
  count: "Count*s",
  explain: "Explain*s",
  revisions: "List*Revisions",
  diffs: "List*Diffs",
  watch: "Watch*s",
  batch_create: "BatchCreate*s",
  batch_get: "BatchGet*s",
  batch_update: "BatchUpdate*s",
  batch_delete: "BatchDelete*s",
};
const TAKE_RECORD: ReadonlySet<string> = new Set(["create", "update"]);
const TAKE_KEY: ReadonlySet<string> = new Set(["get", "delete", "undelete", "revisions", "diff", "rollback"]);
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  diff: ["startRevision"],
  diffs: ["startRevision"],
  rollback: ["revision"],
};

type Properties = Record<string, unknown>;

/** What the client's `method` is called with for a request of the service. */
export function givenTo(component: string, method: string, request: JsonValue): unknown[] {
  const { service, key, record } = componentOf(component);
  const rpc = (RPCS[method] ?? `${method.charAt(0).toUpperCase()}${method.slice(1)}*`).replace("*", component);
  const input = service.methods.find((each) => each.name === rpc)?.input;
  if (input === undefined) throw new Error(`${component} has no ${method}`);
  const asked: Properties = { ...fromJson(input, request, { registry }) };
  if (method.startsWith("batch_")) return batch(asked, key, record, method);
  const given = ARGUMENTS[method] ?? [];
  if (TAKE_RECORD.has(method)) return [asked[record], ...values(asked, given), without(asked, [record, ...given])];
  if (TAKE_KEY.has(method)) return [keyOf(asked, key), ...values(asked, given), without(asked, [...key, ...given])];
  return [...values(asked, given), without(asked, given)];
}

/** The key that a request of a get names. */
export function keyIn(component: string, request: JsonValue): unknown {
  return givenTo(component, "get", request)[0];
}

/** An answer: a message, several of them, a number, or nothing. */
export function answerJson(answer: unknown): JsonValue {
  if (typeof answer === "bigint") return Number(answer);
  if (Array.isArray(answer)) return answer.map(answerJson);
  if (!isMessage(answer) || answer.$typeName === EmptySchema.typeName) return null;
  const schema = registry.getMessage(answer.$typeName);
  if (schema === undefined) throw new Error(`the driver does not know ${answer.$typeName}`);
  return toJson(schema, answer, { registry });
}

/** A commit of a watch. */
export function commitJson(commit: Commit<unknown>): JsonObject {
  const { revision, actor, reason } = commit;
  const changes = commit.changes.map(({ kindName, record, previous }) => ({
    kind: kindName,
    record: answerJson(record),
    previous: previous === undefined ? null : answerJson(previous),
  }));
  return { revision: Number(revision), actor, reason, changes };
}

function batch(asked: Properties, key: readonly string[], record: string, method: string): unknown[] {
  const shared: Properties = {};
  const items = (asked.requests as Properties[]).map((request) => {
    for (const name of ["allowMissing", "showDeleted"]) if (request[name]) shared[name] = true;
    if (!(record in request) && method !== "batch_create" && method !== "batch_update") return keyOf(request, key);
    const given = request[record] ?? {};
    const mask = request.updateMask as FieldMask | undefined;
    return mask === undefined ? given : [given, mask];
  });
  return [items, { ...without(asked, ["requests"]), ...shared }];
}

function componentOf(name: string): Component {
  const component = COMPONENTS[name];
  if (component === undefined) throw new Error(`the driver has no component ${name}`);
  return component;
}

function keyOf(asked: Properties, key: readonly string[]): unknown {
  const [first = "", ...others] = key;
  return others.length === 0 ? asked[first] : Object.fromEntries(key.map((name) => [name, asked[name]]));
}

function values(asked: Properties, names: readonly string[]): unknown[] {
  return names.map((name) => asked[name]);
}

function without(asked: Properties, names: readonly string[]): Properties {
  return Object.fromEntries(Object.entries(asked).filter(([name]) => name !== "$typeName" && !names.includes(name)));
}

function isMessage(answer: unknown): answer is Message {
  return typeof answer === "object" && answer !== null && "$typeName" in answer;
}
