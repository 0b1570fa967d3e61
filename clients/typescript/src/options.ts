// What the methods of generated clients may be given besides what they have to be given.
import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { FieldMask } from "@bufbuild/protobuf/wkt";

import { ToolcribError } from "./errors.js";

/** What any call may be given. */
export interface CallOptions {
  /** Gives the call up when it is aborted; it then fails as CANCELLED. */
  readonly signal?: AbortSignal | undefined;
}

/** A message, or an object with some of its fields. */
export type Init<M extends Message> = MessageInitShape<GenMessage<M>>;

/** Some of the fields of a message. */
export type Fields<M extends Message> = Omit<Exclude<Init<M>, M>, "$typeName" | "$unknown">;

/** Fields of a request, but for those that are `Given` in other ways; and what any call may be given. */
export type Options<Request extends Message, Given extends string = never> = Omit<Fields<Request>, Given> & CallOptions;

/** Fields of a batch; and those fields of the requests within it that are `Shared` by all of them. */
export type BatchOptions<
  Batch extends Message,
  Request extends Message = Message,
  Shared extends string = never,
> = Omit<Fields<Batch>, "requests"> & Partial<Record<Shared & keyof Fields<Request>, boolean>> & CallOptions;

/** Fields of a write within a transaction. */
export type WriteOptions<Request extends Message, Given extends string> = Omit<
  Fields<Request>,
  Given | "requestId" | "validateOnly"
>;

/** A record of a batch of updates; in a pair with its mask where that is not to be the fields that are populated. */
export type RecordAndMask<M extends Message> = Init<M> | readonly [record: Init<M>, updateMask: Init<FieldMask>];

/** A record of a batch of updates, taken apart. */
export function recordAndMask<M extends Message>(
  change: RecordAndMask<M>,
): readonly [record: Init<M>, updateMask: Init<FieldMask> | undefined] {
  return isPair(change) ? change : [change, undefined];
}

/** What an answer always has, though its type does not say so. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new ToolcribError("INTERNAL", "the server's answer lacks what it always has");
  return value;
}

function isPair<M extends Message>(change: RecordAndMask<M>): change is readonly [Init<M>, Init<FieldMask>] {
  return Array.isArray(change);
}
