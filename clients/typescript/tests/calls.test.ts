import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { create } from "@bufbuild/protobuf";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { ToolcribError } from "@toolcrib/client";

import { SpecimenClient } from "../build/gen/typescript/conformance/specimens/v1/specimen_client.js";
import { Creates, cribTo, refused, unavailable } from "./fake.js";

/** What a promise is rejected with. */
async function failure(promise: Promise<unknown>): Promise<ToolcribError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ToolcribError, `it is no ToolcribError: ${String(error)}`);
  return error;
}

describe("retries", () => {
  test("a read is tried again while the server is unavailable", async () => {
    let asked = 0;
    const crib = cribTo({
      countSpecimens: () => {
        asked += 1;
        if (asked < 3) throw unavailable();
        return { count: 5n };
      },
    });
    assert.equal(await new SpecimenClient(crib).count(), 5n);
    assert.equal(asked, 3);
  });

  test("a write is tried again under the one id that it is given", async () => {
    const creates = new Creates(2);
    const made = await new SpecimenClient(cribTo(creates)).create({ name: "once" });
    assert.deepEqual([made.id, made.name], [7n, "once"]);
    const ids = creates.requests.map((request) => request.requestId);
    assert.equal(ids.length, 3);
    assert.equal(new Set(ids).size, 1);
    assert.match(ids[0] ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("an id of one's own is kept", async () => {
    const creates = new Creates(0);
    await new SpecimenClient(cribTo(creates)).create({ name: "own" }, { requestId: "own-1" });
    assert.equal(creates.requests[0]?.requestId, "own-1");
  });

  test("without retryWrites a write is tried once, and has no id", async () => {
    const creates = new Creates(1);
    const error = await failure(new SpecimenClient(cribTo(creates).withRetryWrites(false)).create({ name: "once" }));
    assert.equal(error.code, "UNAVAILABLE");
    assert.deepEqual(
      creates.requests.map((request) => request.requestId),
      [""],
    );
  });

  test("a dry run has no id", async () => {
    const creates = new Creates(0);
    await new SpecimenClient(cribTo(creates)).create({ name: "dry" }, { validateOnly: true });
    assert.deepEqual([creates.requests[0]?.requestId, creates.requests[0]?.validateOnly], ["", true]);
  });

  test("what is refused is not tried again", async () => {
    let asked = 0;
    const crib = cribTo({
      countSpecimens: () => {
        asked += 1;
        throw refused(Code.FailedPrecondition, "RECORD_DELETED");
      },
    });
    const error = await failure(new SpecimenClient(crib).count());
    assert.deepEqual(
      [error.code, error.reason, error.message],
      ["FAILED_PRECONDITION", "RECORD_DELETED", "it is refused"],
    );
    assert.deepEqual(error.metadata, { fact: "known" });
    assert.equal(error.toString(), "it is refused (FAILED_PRECONDITION, RECORD_DELETED)");
    assert.equal(asked, 1);
  });

  test("all tries have one time", async () => {
    const crib = cribTo({
      countSpecimens: () => {
        throw unavailable();
      },
    });
    const begun = performance.now();
    const error = await failure(new SpecimenClient(crib.withTimeout(250)).count());
    assert.equal(error.code, "UNAVAILABLE");
    assert.ok(performance.now() - begun < 1000);
  });

  test("where the time is over behind a pause, the last try is what is told", async () => {
    let asked = 0;
    const crib = cribTo({
      countSpecimens: () => {
        asked += 1;
        const end = performance.now() + 700;
        // A program that is busy wakes late: it is in its pause then, from which it would be back in time.
        setTimeout(() => {
          while (performance.now() < end);
        }, 250);
        throw unavailable(500);
      },
    });
    const error = await failure(new SpecimenClient(crib.withTimeout(600)).count());
    assert.deepEqual([error.code, asked], ["UNAVAILABLE", 1]);
  });

  test("the server says how long to wait", async () => {
    const times: number[] = [];
    const crib = cribTo({
      countSpecimens: () => {
        times.push(performance.now());
        if (times.length === 1) throw unavailable(400);
        return {};
      },
    });
    await new SpecimenClient(crib).count();
    const [first = 0, second = 0] = times;
    assert.ok(second - first >= 395, `it came back after ${(second - first).toString()} ms`);
  });

  test("ids begin with the time and are never the same", async () => {
    const creates = new Creates(0);
    const specimens = new SpecimenClient(cribTo(creates));
    for (let made = 0; made < 100; made += 1) await specimens.create({ name: "made" });
    const ids = creates.requests.map(({ requestId }) => requestId);
    assert.equal(new Set(ids).size, 100);
    const written = Number.parseInt((ids[0] ?? "").replaceAll("-", "").slice(0, 12), 16);
    assert.ok(Math.abs(written - Date.now()) < 60_000);
  });
});

describe("what goes with a call", () => {
  test("actor, tenant and reason are plain where a header carries them, else UTF-8", async () => {
    const creates = new Creates(0);
    const crib = cribTo(creates, { actor: "ann", tenant: " north " }).withReason("umgerüstet");
    await new SpecimenClient(crib).create({ name: "named" });
    const headers = creates.headers[0];
    assert.equal(headers?.get("x-actor"), "ann");
    assert.equal(Buffer.from(headers.get("x-tenant-bin") ?? "", "base64").toString(), " north ");
    assert.equal(Buffer.from(headers.get("x-change-reason-bin") ?? "", "base64").toString(), "umgerüstet");
    assert.equal(headers.get("x-change-reason"), null);
  });

  test("a view changes one setting and leaves what it was made of alone", async () => {
    const creates = new Creates(0);
    const crib = cribTo(creates, { actor: "ann", reason: "first" });
    await new SpecimenClient(crib.asActor("bob")).create({ name: "by bob" });
    await new SpecimenClient(crib).create({ name: "by ann" });
    const said = creates.headers.map((headers) => [headers.get("x-actor"), headers.get("x-change-reason")]);
    assert.deepEqual(said, [
      ["bob", "first"],
      ["ann", "first"],
    ]);
  });

  test("a call whose time is over is not sent", async () => {
    const creates = new Creates(0);
    const hurried = new SpecimenClient(cribTo(creates).withTimeout(0.001));
    await assert.rejects(hurried.create({ name: "late" }), { name: "ToolcribError", code: "DEADLINE_EXCEEDED" });
    assert.equal(creates.headers.length, 0);
  });

  test("a time of nothing is refused", () => {
    for (const timeoutMs of [0, -1, NaN]) {
      assert.throws(() => cribTo({}).withTimeout(timeoutMs), { name: "ToolcribError", code: "INVALID_ARGUMENT" });
    }
  });

  test("who gives up is answered at once, also in a pause", async () => {
    const given = new AbortController();
    const crib = cribTo({
      countSpecimens: () => {
        setTimeout(() => {
          given.abort();
        }, 20);
        throw unavailable(5000);
      },
    });
    const begun = performance.now();
    const error = await failure(new SpecimenClient(crib).count({ signal: given.signal }));
    assert.equal(error.code, "CANCELLED");
    assert.ok(performance.now() - begun < 1000);
  });

  test("a connection that was closed makes no calls, nor do its views", async () => {
    const crib = cribTo({});
    const view = crib.asActor("ann");
    crib.close();
    const error = await failure(new SpecimenClient(view).count());
    assert.deepEqual([error.code, error.message], ["CANCELLED", "the connection to fake was closed"]);
  });
});

describe("answers", () => {
  test("an older server is named as such", async () => {
    const error = await failure(new SpecimenClient(cribTo({})).count());
    assert.equal(error.code, "UNIMPLEMENTED");
    assert.match(error.message, /has no \/conformance\.specimens\.v1\.SpecimenService\/CountSpecimens; it is older/);
  });

  test("what cannot be sent is the caller's error", async () => {
    const error = await failure(new SpecimenClient(cribTo(new Creates(0))).create({ anInt32: 2 ** 40 }));
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.match(error.message, /an_int32/);
  });

  test("pages are asked for as they are needed", async () => {
    const tokens: string[] = [];
    const crib = cribTo({
      listSpecimens: ({ pageToken, pageSize }) => {
        tokens.push(`${pageToken}/${pageSize.toString()}`);
        const id = BigInt(tokens.length);
        return {
          specimens: [{ id: id * 2n - 1n }, { id: id * 2n }],
          nextPageToken: tokens.length < 3 ? `page ${id.toString()}` : "",
        };
      },
    });
    const ids: bigint[] = [];
    for await (const specimen of new SpecimenClient(crib).list({ pageSize: 2 })) {
      ids.push(specimen.id);
      if (ids.length <= 2) assert.equal(tokens.length, 1);
    }
    assert.deepEqual(ids, [1n, 2n, 3n, 4n, 5n, 6n]);
    assert.deepEqual(tokens, ["/2", "page 1/2", "page 2/2"]);
  });

  test("a batch of updates has masks where they are given", async () => {
    const masks: (string[] | undefined)[] = [];
    const crib = cribTo({
      batchUpdateSpecimens: ({ requests }) => {
        for (const { updateMask, allowMissing } of requests)
          masks.push(allowMissing ? updateMask?.paths : ["not allowed"]);
        return {};
      },
    });
    const masked = [{ id: 2n }, create(FieldMaskSchema, { paths: ["name"] })] as const;
    await new SpecimenClient(crib).batchUpdate([{ id: 1n, name: "whole" }, masked], { allowMissing: true });
    assert.deepEqual(masks, [undefined, ["name"]]);
  });
});
