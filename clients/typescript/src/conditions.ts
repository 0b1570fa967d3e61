// Conditions on records, which are given as `query`.
import { create } from "@bufbuild/protobuf";
import { type Duration, NullValue, type Timestamp } from "@bufbuild/protobuf/wkt";

import { type Comparison, type Filter, FilterSchema, type Operator } from "./protos/toolcrib/query/v1/query_pb.js";

/** What fields are compared with; null is no value. */
export type Operand = bigint | boolean | number | string | Uint8Array | Timestamp | Duration | null;

const INT64_MAX = 2n ** 63n - 1n;

/** All of these hold; with none, always. */
export function allOf(...conditions: readonly Filter[]): Filter {
  return create(FilterSchema, { kind: { case: "all", value: { filters: [...conditions] } } });
}

/** Any of these holds; with none, never. */
export function anyOf(...conditions: readonly Filter[]): Filter {
  return create(FilterSchema, { kind: { case: "any", value: { filters: [...conditions] } } });
}

/** This does not hold. */
export function not(condition: Filter): Filter {
  return create(FilterSchema, { kind: { case: "not", value: condition } });
}

/** A field, by its path, is as compared. Numbers are floating-point for `isFloat`, else whole. */
export function compared(field: string, operator: Operator, operands: readonly Operand[], isFloat: boolean): Filter {
  const values = operands.map((operand) => ({ kind: valueOf(operand, isFloat) }));
  return create(FilterSchema, { kind: { case: "comparison", value: { field, operator, values } } });
}

function valueOf(operand: Operand, isFloat: boolean): Comparison["values"][number]["kind"] {
  if (operand === null) return { case: "nullValue", value: NullValue.NULL_VALUE };
  if (operand instanceof Uint8Array) return { case: "bytesValue", value: operand };
  if (typeof operand === "boolean") return { case: "boolValue", value: operand };
  if (typeof operand === "string") return { case: "stringValue", value: operand };
  if (typeof operand === "number" && isFloat) return { case: "doubleValue", value: operand };
  if (typeof operand === "number") return { case: "int64Value", value: BigInt(operand) };
  if (typeof operand === "bigint") {
    return operand > INT64_MAX ? { case: "uint64Value", value: operand } : { case: "int64Value", value: operand };
  }
  return operand.$typeName === "google.protobuf.Timestamp"
    ? { case: "timestampValue", value: operand }
    : { case: "durationValue", value: operand };
}
