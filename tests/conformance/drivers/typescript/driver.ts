// The driver of the TypeScript client; see tests/conformance/README.md.
import { createInterface } from "node:readline";

import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type CallSettings, type Commit, type Crib, type Pending, ToolcribError, type Watch } from "@toolcrib/client";
import { connect, type Tls } from "@toolcrib/client/node";

import { SlotClient, SlotWrites } from "../gen/typescript/conformance/slots/v1/slot_client.js";
import { SpecimenClient, SpecimenWrites } from "../gen/typescript/conformance/specimens/v1/specimen_client.js";
import { answerJson, commitJson, givenTo, keyIn } from "./requests.js";

/** A command of the runner; what it has depends on what it is to do. */
interface Command {
  readonly id: number;
  readonly do: string;
  readonly crib: string;
  readonly of: string;
  readonly address: string;
  readonly actor?: string;
  readonly tenant?: string;
  readonly reason?: string;
  readonly timeout_s?: number | null;
  readonly retry_writes?: boolean;
  readonly tls?: Readonly<Record<string, string>>;
  readonly component: string;
  readonly method: string;
  readonly request?: JsonValue;
  readonly limit?: number;
  readonly watch: string;
  readonly writes: readonly {
    component: string;
    method: string;
    request: JsonValue;
  }[];
  readonly preconditions?: readonly {
    component: string;
    request: JsonValue;
    exists?: boolean;
    etag?: string;
  }[];
}

/** The methods of a client, of which the script says the names. */
type Methods = Readonly<Record<string, (...given: unknown[]) => unknown>>;

const CLIENTS = { Slot: SlotClient, Specimen: SpecimenClient } as Readonly<Record<string, new (crib: Crib) => object>>;
const WRITES = { Slot: SlotWrites, Specimen: SpecimenWrites } as const;

const cribs = new Map<string, Crib>();
const watches = new Map<string, { watch: Watch<unknown>; commits: AsyncGenerator<Commit<unknown>> }>();

const COMMANDS: Readonly<Record<string, (command: Command) => JsonValue | Promise<JsonValue>>> = {
  connect(command) {
    const tls = command.tls === undefined ? {} : { tls: tlsOf(command.tls) };
    cribs.set(command.crib, connect(command.address, { ...settingsOf(command), ...tls }));
    return null;
  },
  view(command) {
    const { actor, tenant, reason, timeoutMs, retryWrites } = settingsOf(command);
    let crib = cribOf(command.of);
    if (actor !== undefined) crib = crib.asActor(actor);
    if (tenant !== undefined) crib = crib.asTenant(tenant);
    if (reason !== undefined) crib = crib.withReason(reason);
    if (timeoutMs !== undefined) crib = crib.withTimeout(timeoutMs);
    if (retryWrites !== undefined) crib = crib.withRetryWrites(retryWrites);
    cribs.set(command.crib, crib);
    return null;
  },
  async wait_ready(command) {
    await cribOf(command.crib).waitReady({
      timeoutMs: (command.timeout_s ?? 10) * 1000,
    });
    return null;
  },
  close(command) {
    cribOf(command.crib).close();
    return null;
  },
  async call(command) {
    const given = givenTo(command.component, command.method, command.request ?? {});
    const answer = methodOf(clientOf(command), command.method)(...given);
    return answerJson(isIterable(answer) ? await firstOf(answer, command.limit ?? Infinity) : await answer);
  },
  watch(command) {
    const [options] = givenTo(command.component, "watch", command.request ?? {});
    const watch = methodOf(clientOf(command), "watch")(options) as Watch<unknown>;
    watches.set(command.watch, { watch, commits: watch.commits() });
    return null;
  },
  async snapshot(command) {
    return answerJson(await watchOf(command).watch.snapshot());
  },
  async next(command) {
    const next = await watchOf(command).commits.next();
    return next.done === true ? null : commitJson(next.value);
  },
  resume_token(command) {
    return watchOf(command).watch.resumeToken;
  },
  end(command) {
    watchOf(command).watch.close();
    return null;
  },
  async transaction(command) {
    const transaction = cribOf(command.crib).transaction();
    for (const { component, request, exists, etag } of command.preconditions ?? []) {
      const writes = new WRITES[component as keyof typeof WRITES](transaction);
      methodOf(writes, "require")(keyIn(component, request), etag === undefined ? { exists } : { etag });
    }
    const pending = command.writes.map(({ component, method, request }) => {
      const writes = new WRITES[component as keyof typeof WRITES](transaction);
      return methodOf(writes, method)(...givenTo(component, method, request)) as Pending<unknown>;
    });
    await transaction.commit();
    return {
      revision: Number(transaction.revision),
      answers: pending.map((each) => answerJson(each.value)),
    };
  },
};

// They wait for what others do: meanwhile the driver goes on.
const WAITING: ReadonlySet<string> = new Set(["next", "snapshot"]);

function settingsOf(command: Command): CallSettings {
  const { actor, tenant, reason, timeout_s: timeout, retry_writes: retryWrites } = command;
  const timeoutMs = timeout === null ? Infinity : timeout === undefined ? undefined : timeout * 1000;
  return { actor, tenant, reason, timeoutMs, retryWrites };
}

function tlsOf(tls: Readonly<Record<string, string>>): Tls {
  const { root_certificates: rootCertificates, certificate, key, server_name: serverName } = tls;
  return { rootCertificates, certificate, key, serverName };
}

function cribOf(name: string): Crib {
  const crib = cribs.get(name);
  if (crib === undefined) throw new Error(`no crib is called ${name}`);
  return crib;
}

function watchOf(command: Command): {
  watch: Watch<unknown>;
  commits: AsyncGenerator<Commit<unknown>>;
} {
  const watch = watches.get(command.watch);
  if (watch === undefined) throw new Error(`no watch is called ${command.watch}`);
  return watch;
}

function clientOf(command: Command): object {
  const Client = CLIENTS[command.component];
  if (Client === undefined) throw new Error(`the driver has no component ${command.component}`);
  return new Client(cribOf(command.crib));
}

/** `batch_create` of the script is `batchCreate`. */
function methodOf(client: object, name: string): (...given: unknown[]) => unknown {
  const camel = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const method = (client as Methods)[camel];
  if (method === undefined) throw new Error(`the client has no ${camel}`);
  return method.bind(client);
}

function isIterable(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;
}

async function firstOf(items: AsyncIterable<unknown>, limit: number): Promise<unknown[]> {
  const taken: unknown[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length >= limit) break;
  }
  return taken;
}

function errorJson(error: ToolcribError): JsonObject {
  const { code, reason, message, metadata, resource, retryDelayMs } = error;
  return {
    code,
    reason,
    message,
    metadata: { ...metadata },
    violations: error.violations.map((each) => ({ ...each })),
    preconditions: error.preconditions.map((each) => ({ ...each })),
    resource: resource === undefined ? null : { ...resource },
    retry_delay_s: retryDelayMs === undefined ? null : retryDelayMs / 1000,
  };
}

async function answer(command: Command): Promise<void> {
  let answered: JsonObject;
  try {
    answered = { answer: (await COMMANDS[command.do]?.(command)) ?? null };
  } catch (error) {
    if (!(error instanceof ToolcribError)) throw error;
    answered = { error: errorJson(error) };
  }
  process.stdout.write(`${JSON.stringify({ id: command.id, ...answered })}\n`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command;
  const answered = answer(command);
  if (!WAITING.has(command.do)) await answered;
}
for (const { watch } of watches.values()) watch.close();
for (const crib of cribs.values()) crib.close();
