import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { Begin, type CallOptions, type Crib, ToolcribError, type Watch } from "@toolcrib/client";

import { SpecimenClient } from "../build/gen/typescript/conformance/specimens/v1/specimen_client.js";
import type { Specimen } from "../build/gen/typescript/conformance/specimens/v1/specimen_pb.js";
import {
  type WatchSpecimensRequest,
  type WatchSpecimensResponseSchema,
} from "../build/gen/typescript/conformance/specimens/v1/specimen_service_pb.js";
import { ChangeKind, MessageKind } from "@toolcrib/client/protos/toolcrib/watch/v1/watch_pb.js";
import { cribTo, refused, unavailable } from "./fake.js";

type Sent = MessageInitShape<typeof WatchSpecimensResponseSchema>;
type Stream = (request: WatchSpecimensRequest, signal: AbortSignal) => AsyncGenerator<Sent>;

/** A commit that changes records of these names; the token is "t" and the revision. */
function commit(revision: number, names: readonly string[], continues = false): Sent {
  return {
    kind: MessageKind.COMMIT,
    revision: continues ? 0n : BigInt(revision),
    resumeToken: continues ? "" : `t${revision.toString()}`,
    commit: { revision: BigInt(revision), actor: "ann", commitTime: { seconds: 1n, nanos: 5_000_000 } },
    changes: names.map((name) => ({ kind: ChangeKind.CREATED, record: { name } })),
    continues,
  };
}

const HEARTBEAT: Sent = { kind: MessageKind.HEARTBEAT, resumeToken: "t0" };

/** A server whose streams are these, one after another; notes what was asked. */
class Streams {
  readonly asked: string[] = [];
  readonly crib: Crib;
  readonly #streams: Stream[];

  constructor(...streams: Stream[]) {
    this.#streams = streams;
    const next = (request: WatchSpecimensRequest, signal: AbortSignal): AsyncGenerator<Sent> => {
      const { case: kind = "now", value = "" } = request.start?.kind ?? {};
      this.asked.push(`${kind} ${value.toString()}`.trim());
      const stream = this.#streams.shift();
      if (stream === undefined) throw refused(Code.FailedPrecondition, "NO_MORE_STREAMS");
      return stream(request, signal);
    };
    this.crib = cribTo({ watchSpecimens: (request, context) => next(request, context.signal) });
  }

  watch(options: Parameters<SpecimenClient["watch"]>[0] & CallOptions = {}): Watch<Specimen> {
    return new SpecimenClient(this.crib).watch(options);
  }
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => {
      resolve();
    });
  });
}

/* eslint-disable @typescript-eslint/require-await -- streams are asynchronous whether they wait or not */
describe("a watch", () => {
  test("gives the snapshot, then each change", async () => {
    const streams = new Streams(async function* (_, signal) {
      yield { kind: MessageKind.SNAPSHOT, records: [{ name: "a" }] };
      yield { kind: MessageKind.SNAPSHOT, records: [{ name: "b" }] };
      yield { kind: MessageKind.SNAPSHOT_END, resumeToken: "t1", revision: 1n };
      yield commit(2, ["c", "d"]);
      await stopped(signal);
    });
    const whole = streams.watch({ start: Begin.withSnapshot });
    assert.deepEqual(
      (await whole.snapshot()).map(({ name }) => name),
      ["a", "b"],
    );
    assert.deepEqual([whole.resumeToken, whole.revision], ["t1", 1n]);
    const seen: string[] = [];
    for await (const change of whole) {
      seen.push(
        `${change.kindName} ${change.record.name} by ${change.commit.actor} at ${change.commit.time.toISOString()}`,
      );
      if (seen.length === 2) break;
    }
    assert.deepEqual(seen, [
      "created c by ann at 1970-01-01T00:00:01.005Z",
      "created d by ann at 1970-01-01T00:00:01.005Z",
    ]);
    assert.deepEqual(streams.asked, ["snapshot true"]);
  });

  test("gives its snapshot before anything else", async () => {
    const streams = new Streams();
    await assert.rejects(streams.watch({ start: Begin.withSnapshot }).commits().next(), /the snapshot comes first/);
    await assert.rejects(streams.watch().snapshot(), /there is no snapshot/);
    assert.deepEqual(streams.asked, []);
  });

  test("goes on behind the last commit that was given in whole", async () => {
    const streams = new Streams(
      async function* () {
        yield commit(1, ["a"]);
        yield commit(2, ["half of it"], true);
        throw unavailable();
      },
      async function* () {
        yield commit(2, ["half of it"], true);
        yield commit(2, ["the other half"]);
        throw refused(Code.ResourceExhausted, "WATCH_TOO_SLOW");
      },
      async function* (_, signal) {
        yield HEARTBEAT;
        yield commit(3, ["c"]);
        await stopped(signal);
      },
    );
    const commits: string[][] = [];
    for await (const each of streams.watch().commits()) {
      commits.push(each.changes.map(({ record }) => record.name));
      if (commits.length === 3) break;
    }
    assert.deepEqual(commits, [["a"], ["half of it", "the other half"], ["c"]]);
    assert.deepEqual(streams.asked, ["now", "resumeToken t1", "resumeToken t2"]);
  });

  test("counts a commit as given when the next is asked for", async () => {
    const streams = new Streams(async function* (_, signal) {
      yield commit(1, ["a"]);
      yield commit(2, ["b"]);
      await stopped(signal);
    });
    const watch = streams.watch({ start: Begin.behind("t0") });
    const commits = watch.commits();
    await commits.next();
    assert.equal(watch.resumeToken, "t0");
    await commits.next();
    assert.equal(watch.resumeToken, "t1");
    watch.close();
  });

  test("rejects where there would be a gap", async () => {
    const streams = new Streams(async function* () {
      yield commit(1, ["a"]);
      throw refused(Code.OutOfRange, "REVISION_PRUNED");
    });
    const commits = streams.watch().commits();
    await commits.next();
    await assert.rejects(commits.next(), { name: "ToolcribError", code: "OUT_OF_RANGE", reason: "REVISION_PRUNED" });
  });

  test("rejects where it was never begun within the call's time", async () => {
    const away = async function* (): AsyncGenerator<Sent> {
      yield* [];
      throw unavailable();
    };
    const streams = new Streams(...Array.from({ length: 9 }, () => away));
    const watch = new SpecimenClient(streams.crib.withTimeout(200)).watch();
    await assert.rejects(watch.commits().next(), { code: "UNAVAILABLE", reason: "DATABASE_UNAVAILABLE" });
    assert.ok(streams.asked.length <= 2);
  });

  test("that is closed comes to its end, and lets go of its stream", async () => {
    let lost: Promise<void> | undefined;
    const streams = new Streams(async function* (_, signal) {
      lost = stopped(signal);
      yield commit(1, ["a"]);
      await lost;
    });
    const watch = streams.watch();
    const commits = watch.commits();
    await commits.next();
    const waiting = commits.next();
    watch.close();
    assert.equal((await waiting).done, true);
    await lost;
  });

  test("whose loop is left lets go of its stream", async () => {
    let lost: Promise<void> | undefined;
    const streams = new Streams(async function* (_, signal) {
      lost = stopped(signal);
      yield commit(1, ["a"]);
      await lost;
    });
    for await (const change of streams.watch()) {
      assert.equal(change.record.name, "a");
      break;
    }
    assert.ok(lost);
    await lost;
  });

  test("whose signal is aborted says so", async () => {
    const given = new AbortController();
    const streams = new Streams(async function* (_, signal) {
      yield commit(1, ["a"]);
      await stopped(signal);
    });
    const commits = streams.watch({ signal: given.signal }).commits();
    await commits.next();
    const waiting = commits.next();
    given.abort();
    await assert.rejects(waiting, (error) => error instanceof ToolcribError && error.code === "CANCELLED");
  });

  test("whose connection is closed says so", async () => {
    const streams = new Streams(async function* (_, signal) {
      yield commit(1, ["a"]);
      await stopped(signal);
    });
    const commits = streams.watch().commits();
    await commits.next();
    const waiting = commits.next();
    streams.crib.close();
    await assert.rejects(waiting, { code: "CANCELLED", message: "the connection to fake was closed" });
  });
});
