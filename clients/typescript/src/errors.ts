// What a call can fail with: one type, whose code says what to do about it.

/**
 * The status of a call that failed.
 *
 * - INVALID_ARGUMENT: the request is wrong; `violations` names every field
 * - NOT_FOUND: there is no such record, or it is deleted
 * - ALREADY_EXISTS: the key or a unique value is taken
 * - FAILED_PRECONDITION: the record's state, or a hook, forbids the change; `preconditions` says more
 * - ABORTED: the record has changed since it was read (etag): read it again, then decide
 * - UNAUTHENTICATED: a write without an actor
 * - RESOURCE_EXHAUSTED: a limit is reached: records, size of a message, disk
 * - UNIMPLEMENTED: the server does not have the method; it may be older than this client
 * - UNAVAILABLE: the server cannot be reached or cannot work now; `retryDelayMs` says when to try again
 * - DEADLINE_EXCEEDED: no answer in time; whether a write took place is not known
 * - DATA_LOSS: the database is damaged
 * - INTERNAL: a defect of the server or of a hook; the message has the incident's id
 */
export type ErrorCode =
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

/** One field that is wrong. `field` is its path from the request, such as "requests[3].recipe.name". */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
  readonly reason: string;
}

/** One condition that does not hold; `subject` is what it is about, such as a record's key. */
export interface PreconditionViolation {
  readonly type: string;
  readonly subject: string;
  readonly description: string;
}

/** The record that an error is about: full name of the component's message, and the key as text. */
export interface Resource {
  readonly type: string;
  readonly name: string;
}

/** What the server said of a failure besides its code and message. */
export interface ErrorDetails {
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly FieldViolation[];
  readonly preconditions?: readonly PreconditionViolation[];
  readonly resource?: Resource | undefined;
  readonly retryDelayMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A call failed.
 *
 * `reason` is for programs (e.g. "RECORD_DELETED"), `message` for people, `metadata` holds the facts behind both. All but
 * `code` and `message` are empty where the failure is not the server's word, such as a broken connection; `cause` is
 * then what was.
 */
export class ToolcribError extends Error {
  override readonly name = "ToolcribError";
  readonly code: ErrorCode;
  /** A word for programs; docs/errors.md has them all. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly FieldViolation[];
  readonly preconditions: readonly PreconditionViolation[];
  readonly resource: Resource | undefined;
  /** When to try again, in milliseconds; undefined where the server says nothing about that. */
  readonly retryDelayMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.reason = details.reason ?? "";
    this.metadata = details.metadata ?? {};
    this.violations = details.violations ?? [];
    this.preconditions = details.preconditions ?? [];
    this.resource = details.resource;
    this.retryDelayMs = details.retryDelayMs;
  }

  override toString(): string {
    return `${this.message} (${[this.code, this.reason].filter(Boolean).join(", ")})`;
  }
}

/** What is wrong before any call is made. */
export function invalidArgument(message: string, cause?: unknown): ToolcribError {
  return new ToolcribError("INVALID_ARGUMENT", message, { cause });
}

/** The caller gave up, or closed what the call goes through. */
export function cancelled(message: string, cause?: unknown): ToolcribError {
  return new ToolcribError("CANCELLED", message, { cause });
}
