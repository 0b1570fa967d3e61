// The TypeScript client of a Toolcrib server: the connection, its errors, watches and transactions.
//
//     import { connect } from "@toolcrib/client/node";
//     import { RecipeClient } from "./gen/plant/recipes/v1/recipe_client.js";
//
//     using crib = connect("127.0.0.1:50051", { actor: "ann" });
//     const recipe = await new RecipeClient(crib).create({ name: "Bracket", speedMmS: 120 });
//
// The typed clients of components (RecipeClient) are generated. Nothing here needs Node.js; `@toolcrib/client/node` does.
export { allOf, anyOf, not } from "./conditions.js";
export { type Connection, Crib } from "./crib.js";
export {
  type ErrorCode,
  type ErrorDetails,
  type FieldViolation,
  type PreconditionViolation,
  type Resource,
  ToolcribError,
} from "./errors.js";
export { type ComparedFields, type Comparisons, field } from "./fields.js";
export {
  type BatchOptions,
  type CallOptions,
  type Fields,
  type Init,
  type Options,
  present,
  type RecordAndMask,
  recordAndMask,
  type WriteOptions,
} from "./options.js";
export { type CallSettings } from "./settings.js";
export { type Exists, type HasEtag, Pending, Transaction } from "./transaction.js";
export { Begin, type Change, type Commit, Watch, WatchClient } from "./watch.js";
export { ChangeKind } from "./protos/toolcrib/watch/v1/watch_pb.js";
