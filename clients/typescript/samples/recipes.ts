// What an operator's screen does with recipes: it lists them, follows what others change, and edits one itself.
//
//     node build/out/samples/recipes.js 127.0.0.1:50051
//
// The clients are those of examples/components, which `make demo` and `make serve` of the project serve.
import { Begin, ToolcribError } from "@toolcrib/client";
import { connect } from "@toolcrib/client/node";

import { RecipeClient, RecipeWrites } from "../build/examples/typescript/plant/recipes/v1/recipe_client.js";

const [address = "127.0.0.1:50051"] = process.argv.slice(2);
const crib = connect(address, { actor: "ann" });
await crib.waitReady({ timeoutMs: 30_000 });
const recipes = new RecipeClient(crib);

// The screen begins with what is there, and misses nothing of what comes then.
const watch = recipes.watch({ filter: "speed_mm_s > 100", start: Begin.withSnapshot });
const fast = new Map((await watch.snapshot()).map((recipe) => [recipe.id, recipe]));
console.log(`there are ${fast.size.toString()} fast recipes`);

// A record is made, changed under its etag, and brought back to what it was. Integers of 64 bits are bigint.
const made = await recipes.create({ name: `Bracket ${Date.now().toString()}`, speedMmS: 120 });
const changed = await recipes.update(
  { id: made.id, speedMmS: 150, etag: made.etag },
  { updateMask: { paths: ["speed_mm_s"] } },
);
console.log(`recipe ${made.id.toString()} runs at ${changed.speedMmS.toString()} mm/s`);

// Somebody else has changed it since: the etag that was read first is refused.
try {
  await recipes.update({ id: made.id, speedMmS: 200, etag: made.etag });
} catch (error) {
  if (!(error instanceof ToolcribError) || error.code !== "ABORTED") throw error;
  console.log(`refused: ${error.reason}`);
}

// What breaks the rules is refused with every field that does.
try {
  await recipes.create({ speedMmS: 900 });
} catch (error) {
  if (!(error instanceof ToolcribError)) throw error;
  for (const { field, reason } of error.violations) console.log(`refused: ${field} (${reason})`);
}

// Two writes, one commit, one reason.
const transaction = crib.withReason("the customer asked for it").transaction();
const writes = new RecipeWrites(transaction);
writes.update({ id: made.id, speedMmS: 90 });
const slow = writes.create({ name: `${made.name} slow`, speedMmS: 20 });
await transaction.commit();
console.log(`recipe ${slow.value.id.toString()} was made with revision ${transaction.revision.toString()}`);

for await (const change of watch) {
  console.log(`${change.kindName} by ${change.commit.actor}${change.commit.reason && `: ${change.commit.reason}`}`);
  if (change.kindName === "left") break;
}

let versions = 0;
for await (const version of recipes.revisions(made.id, { oldestFirst: true })) {
  versions += 1;
  console.log(`version ${versions.toString()}: ${version.changedFields?.paths.join(", ") ?? ""}`);
}
for (const id of [made.id, slow.value.id]) await recipes.delete(id);
crib.close();
