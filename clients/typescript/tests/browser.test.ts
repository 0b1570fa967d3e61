import assert from "node:assert/strict";
import { test } from "node:test";

import { build } from "esbuild";

/** What a browser is sent of a module, and what it would have to bring itself. */
async function bundled(source: string): Promise<{ text: string; external: string[] }> {
  const result = await build({
    stdin: { contents: source, resolveDir: process.cwd() },
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const external = Object.values(result.metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  return { text: result.outputFiles[0]?.text ?? "", external };
}

test("the client and what is generated need nothing of Node.js", async () => {
  const { text, external } = await bundled(`
    export { Crib, Begin, WatchClient } from "@toolcrib/client";
    export { SpecimenClient } from "./build/out/build/gen/typescript/conformance/specimens/v1/specimen_client.js";
  `);
  assert.deepEqual(external, []);
  assert.ok(!/["']node:/.test(text));
  assert.ok(text.includes("batchCreateSpecimens"));
});

test("the connection of Node.js does, and is an entry of its own", async () => {
  await assert.rejects(bundled(`export { connect } from "@toolcrib/client/node";`), /Could not resolve "node:net"/);
});
