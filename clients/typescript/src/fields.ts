// What is asked of fields, in their own types:
//
//     allOf(field(RecipeSchema, "speedMmS").greater(100), field(RecipeSchema, "name").startsWith("Br"))
import { type DescField, type Message, ScalarType } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";

import { compared, type Operand } from "./conditions.js";
import { type Filter, Operator } from "./protos/toolcrib/query/v1/query_pb.js";

/** Values of which one is less than another. */
type Ordered = bigint | number | string | Timestamp | Duration;
type Scalar = boolean | Uint8Array | Ordered;

/** The fields of a message that have one value each, by their names in TypeScript. */
export type ComparedFields<M extends Message> = Exclude<
  { [Name in keyof M]-?: NonNullable<M[Name]> extends Scalar ? Name : never }[keyof M],
  "$typeName" | "$unknown" | number | symbol
>;

/** Comparisons of any field. An unset one equals null, and no value. */
export interface Equality<T> {
  equals(value: T | null): Filter;
  notEquals(value: T | null): Filter;
  /** Equals one of `values`; with none, never. */
  oneOf(values: readonly (T | null)[]): Filter;
}

/** Comparisons of a number, a time or a text. */
export interface Ordering<T> {
  less(value: T): Filter;
  lessOrEqual(value: T): Filter;
  greater(value: T): Filter;
  greaterOrEqual(value: T): Filter;
}

/** Comparisons of a text. Nothing in a text has a meaning of its own, `*` neither. */
export interface Containing {
  startsWith(text: string): Filter;
  endsWith(text: string): Filter;
  contains(text: string): Filter;
}

/** What can be asked of a field with values of type `T`. */
export type Comparisons<T> = Equality<T> &
  ([T] extends [Ordered] ? Ordering<T> : unknown) &
  ([T] extends [string] ? Containing : unknown);

/** The field `name`, a property of the message that `schema` describes, to be compared. */
export function field<M extends Message, Name extends ComparedFields<M>>(
  schema: GenMessage<M>,
  name: Name,
): Comparisons<NonNullable<M[Name]>> {
  const fields: Readonly<Record<string, DescField>> = schema.field;
  const described = fields[name];
  if (described === undefined) throw new RangeError(`${schema.typeName} has no field ${name}`);
  const by = (operator: Operator, ...operands: readonly Operand[]): Filter =>
    compared(described.name, operator, operands, isFloat(described));
  const comparisons: Equality<Operand> & Ordering<Operand> & Containing = {
    equals: (value) => by(Operator.EQUAL, value),
    notEquals: (value) => by(Operator.NOT_EQUAL, value),
    oneOf: (values) => by(Operator.IN, ...values),
    less: (value) => by(Operator.LESS, value),
    lessOrEqual: (value) => by(Operator.LESS_OR_EQUAL, value),
    greater: (value) => by(Operator.GREATER, value),
    greaterOrEqual: (value) => by(Operator.GREATER_OR_EQUAL, value),
    startsWith: (text) => by(Operator.PREFIX, text),
    endsWith: (text) => by(Operator.SUFFIX, text),
    contains: (text) => by(Operator.CONTAINS, text),
  };
  // The type says which of them are for this field.
  return comparisons as Comparisons<NonNullable<M[Name]>>;
}

/** Whether the values are floating-point numbers; those that are wrapped have a message of their own. */
function isFloat(described: DescField): boolean {
  const { scalar } = described.fieldKind === "message" ? (described.message.fields[0] ?? described) : described;
  return scalar === ScalarType.DOUBLE || scalar === ScalarType.FLOAT;
}
