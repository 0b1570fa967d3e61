// What connect throws -> failureOf -> ToolcribError
import { Code, ConnectError } from "@connectrpc/connect";

import { type ErrorCode, type ErrorDetails, ToolcribError } from "./errors.js";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "./protos/google/rpc/error_details_pb.js";

const CODES: Readonly<Record<Code, ErrorCode>> = {
  [Code.Canceled]: "CANCELLED",
  [Code.Unknown]: "UNKNOWN",
  [Code.InvalidArgument]: "INVALID_ARGUMENT",
  [Code.DeadlineExceeded]: "DEADLINE_EXCEEDED",
  [Code.NotFound]: "NOT_FOUND",
  [Code.AlreadyExists]: "ALREADY_EXISTS",
  [Code.PermissionDenied]: "PERMISSION_DENIED",
  [Code.ResourceExhausted]: "RESOURCE_EXHAUSTED",
  [Code.FailedPrecondition]: "FAILED_PRECONDITION",
  [Code.Aborted]: "ABORTED",
  [Code.OutOfRange]: "OUT_OF_RANGE",
  [Code.Unimplemented]: "UNIMPLEMENTED",
  [Code.Internal]: "INTERNAL",
  [Code.Unavailable]: "UNAVAILABLE",
  [Code.DataLoss]: "DATA_LOSS",
  [Code.Unauthenticated]: "UNAUTHENTICATED",
};

// What connect finds out by itself and names as gRPC does. All else that is not the server's word is a connection that
// was not made, or lost; Node.js cancels the streams of those.
const OWN_WORDS: ReadonlySet<Code> = new Set([Code.ResourceExhausted, Code.Unimplemented]);

/** What failed: a call of `method`, as "/plant.recipes.v1.RecipeService/GetRecipe", to the server at `address`. */
export interface Called {
  readonly address: string;
  readonly method: string;
}

/** What a transport threw, with the server's details read. */
export function failureOf(reason: unknown, called: Called): ToolcribError {
  if (reason instanceof ToolcribError) return reason;
  const error = ConnectError.from(reason, Code.Unavailable);
  // Why a signal was aborted.
  if (error.cause instanceof ToolcribError) return error.cause;
  return isAnswer(error) ? answered(error, called) : unanswered(error, called);
}

/** Whether somebody answered: what fails on the way there has no headers. */
function isAnswer(error: ConnectError): boolean {
  return !error.metadata.keys().next().done;
}

function answered(error: ConnectError, called: Called): ToolcribError {
  const details = detailsOf(error);
  if (error.code === Code.Unimplemented && !details.reason) {
    const text = `the server at ${called.address} has no ${called.method}; it is older than this client, or serves other components`;
    return new ToolcribError("UNIMPLEMENTED", text, details);
  }
  return new ToolcribError(CODES[error.code], error.rawMessage, details);
}

function unanswered(error: ConnectError, { address }: Called): ToolcribError {
  const cause = error.cause ?? error;
  const text = error.rawMessage;
  if (error.code === Code.DeadlineExceeded) {
    return new ToolcribError("DEADLINE_EXCEEDED", `no answer from the server at ${address} in time`, { cause });
  }
  if (text.startsWith("serialize binary")) {
    return new ToolcribError("INVALID_ARGUMENT", `the request cannot be sent: ${text}`, { cause });
  }
  if (text.startsWith("parse binary")) {
    return new ToolcribError("INTERNAL", `the answer of the server at ${address} cannot be read: ${text}`, { cause });
  }
  if (OWN_WORDS.has(error.code)) return new ToolcribError(CODES[error.code], text, { cause });
  return new ToolcribError("UNAVAILABLE", `no answer from the server at ${address}: ${wordsOf(cause, text)}`, {
    cause,
  });
}

function detailsOf(error: ConnectError): ErrorDetails {
  const info = error.findDetails(ErrorInfoSchema)[0];
  const resource = error.findDetails(ResourceInfoSchema)[0];
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return {
    reason: info?.reason ?? "",
    metadata: { ...info?.metadata },
    violations: error
      .findDetails(BadRequestSchema)
      .flatMap((detail) => detail.fieldViolations)
      .map(({ field, description, reason }) => ({ field, description, reason })),
    preconditions: error
      .findDetails(PreconditionFailureSchema)
      .flatMap((detail) => detail.violations)
      .map(({ type, subject, description }) => ({ type, subject, description })),
    resource: resource && { type: resource.resourceType, name: resource.resourceName },
    retryDelayMs: delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6,
    cause: error,
  };
}

/** A host of several addresses fails at each of them, and says so without a text of its own. */
function wordsOf(cause: unknown, text: string): string {
  if (cause instanceof AggregateError) return cause.errors.map(String).join("; ");
  return text || String(cause);
}
