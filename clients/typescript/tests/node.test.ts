import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { connect } from "@toolcrib/client/node";

import { SlotClient } from "../build/gen/typescript/conformance/slots/v1/slot_client.js";
import { Server } from "./server.js";

const COMPONENTS = "tests/conformance/components";

test("addresses that are none are refused before any call", () => {
  for (const address of ["", "host", "host:", "host:0", "host:70000", "http://host:1", "a b:1", "[::1]", "::1:50051"]) {
    assert.throws(() => connect(address), { name: "ToolcribError", code: "INVALID_ARGUMENT" }, address);
  }
  for (const address of ["host:1", "127.0.0.1:50051", "[::1]:50051", "unix:/run/toolcrib"]) connect(address).close();
});

test("certificates that are none, or not whole, are refused before any call", () => {
  const place = "127.0.0.1:1";
  const bytes = new TextEncoder().encode("no certificate");
  assert.throws(
    () => connect(place, { tls: { rootCertificates: bytes } }),
    /tls\.rootCertificates holds no certificate/,
  );
  assert.throws(() => connect(place, { tls: { certificate: bytes } }), /a client certificate needs its key/);
  assert.throws(
    () => connect(place, { tls: { rootCertificates: "/not/there.pem" } }),
    /tls\.rootCertificates cannot be read/,
  );
});

test("a server at a socket of Unix is spoken to like any other", async () => {
  await using server = await Server.start(COMPONENTS, (folder) => `unix:${join(folder, "toolcrib.sock")}`);
  const crib = connect(server.address, { actor: "ann" });
  await crib.waitReady();
  const slots = new SlotClient(crib);
  await slots.create({ rack: "A", number: 1, note: "by a socket" });
  assert.equal((await slots.get({ rack: "A", number: 1 })).note, "by a socket");
  crib.close();
});

test("who waits for a server that is not there is told so in time", async () => {
  const crib = connect("127.0.0.1:1");
  const begun = performance.now();
  await assert.rejects(crib.waitReady({ timeoutMs: 300 }), (error: Error) => {
    assert.match(error.message, /^the server at 127\.0\.0\.1:1 was not ready within 300 ms: .*ECONNREFUSED/);
    return true;
  });
  assert.ok(performance.now() - begun < 2000);
});

test("many calls at once, large ones too, share the connection", async () => {
  await using server = await Server.start(COMPONENTS);
  const crib = connect(server.address, { actor: "ann" });
  const slots = new SlotClient(crib);
  const note = "x".repeat(1_000_000);
  const made = await Promise.all(
    Array.from({ length: 40 }, (_, number) => slots.create({ rack: "A", number, note: number % 4 === 0 ? note : "" })),
  );
  assert.equal(made.length, 40);
  const listed: number[] = [];
  for await (const slot of slots.list({ pageSize: 100 })) listed.push(slot.note.length);
  assert.deepEqual(
    listed,
    Array.from({ length: 40 }, (_, number) => (number % 4 === 0 ? 1_000_000 : 0)),
  );
  crib.close();
});

test("a program whose calls are done ends, though nobody closed the connection", async () => {
  await using server = await Server.start(COMPONENTS);
  const program = join("build", "out", "tests", "unclosed.mjs");
  writeFileSync(
    program,
    `import { connect } from "@toolcrib/client/node";
     import { SlotClient } from "../build/gen/typescript/conformance/slots/v1/slot_client.js";
     console.log(await new SlotClient(connect(process.argv[2])).count());`,
  );
  const child = spawn(process.execPath, [program, server.address], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "exit", { signal: AbortSignal.timeout(10_000) })) as [number];
  assert.deepEqual([code, output], [0, "0n\n"]);
});

test("the sample does what it says", async () => {
  await using server = await Server.start("examples/components");
  const child = spawn(process.execPath, [join("build", "out", "samples", "recipes.js"), server.address], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "exit", { signal: AbortSignal.timeout(60_000) })) as [number];
  assert.equal(code, 0, output);
  assert.deepEqual(output.trimEnd().split("\n"), [
    "there are 0 fast recipes",
    "recipe 1 runs at 150 mm/s",
    "refused: ETAG_MISMATCH",
    "refused: recipe.name (string.min_len)",
    "refused: recipe.speed_mm_s (double.gt_lte)",
    "recipe 2 was made with revision 3",
    "created by ann",
    "updated by ann",
    "left by ann: the customer asked for it",
    "version 1: name, speed_mm_s",
    "version 2: speed_mm_s",
    "version 3: speed_mm_s",
  ]);
});
