// How far a watch has come and what it is sent, without the waiting.
import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";

import { ToolcribError } from "./errors.js";
import { Patience } from "./patience.js";
import type { ActorSource } from "./protos/toolcrib/audit/v1/audit_pb.js";
import {
  ChangeKind,
  type Commit as CommitMessage,
  MessageKind,
  type Start,
  StartSchema,
} from "./protos/toolcrib/watch/v1/watch_pb.js";

const TOO_SLOW = "WATCH_TOO_SLOW";
// Once it was begun, a watch waits for its server without end; the last of these comes again and again.
const PAUSE_MS_MAX = 2_000;

/** What the requests of watches have in common. */
export interface WatchRequestFields {
  start?: Start | undefined;
}

/** A change as it is sent. */
interface ChangeFields<R> {
  kind: ChangeKind;
  record?: R | undefined;
  previous?: R | undefined;
}

/** What the messages of watches have in common; `R` is a record. */
export interface WatchResponseFields<R> {
  records: R[];
  resumeToken: string;
  revision: bigint;
  kind: MessageKind;
  commit?: CommitMessage | undefined;
  changes: ChangeFields<R>[];
  continues: boolean;
}

/** A commit: who made it, when, why, by which call, and its changes in their order. */
export interface Commit<R> {
  readonly revision: bigint;
  /** With milliseconds, as a Date has them. */
  readonly time: Date;
  /** With microseconds. */
  readonly commitTime: Timestamp | undefined;
  readonly actor: string;
  readonly actorSource: ActorSource;
  readonly reason: string;
  /** For example "/plant.recipes.v1.RecipeService/UpdateRecipe". */
  readonly method: string;
  readonly changes: readonly Change<R>[];
}

/** What became of a record. */
export interface Change<R> {
  readonly kind: ChangeKind;
  /** For example "updated". */
  readonly kindName: string;
  /** As it is now, or last was where it is gone. */
  readonly record: R;
  /** As it was before, where that was asked for and there was one. */
  readonly previous: R | undefined;
  /** The record's key as text, of a watch over several components; else empty. */
  readonly recordKey: string;
  readonly commit: Commit<R>;
}

/** The state of one watch. `request` is what is asked at first; where it goes on, `start` is changed. */
export class Course<R> {
  readonly #request: WatchRequestFields;
  #patience: Patience;
  #wasBegun = false;
  #records: R[] = [];
  #commit: { commit: Commit<R>; changes: Change<R>[] } | undefined;
  #awaitsSnapshot: boolean;
  #resumeToken = "";
  #revision = 0n;

  constructor(request: WatchRequestFields, timeoutMs: number | undefined) {
    const start = request.start?.kind;
    this.#request = request;
    this.#patience = new Patience(timeoutMs);
    this.#awaitsSnapshot = start?.case === "snapshot" && start.value;
    if (start?.case === "resumeToken") this.#resumeToken = start.value;
  }

  /** Goes on behind the last commit that was given in whole. */
  get resumeToken(): string {
    return this.#resumeToken;
  }

  /** All up to this revision was given. */
  get revision(): bigint {
    return this.#revision;
  }

  /** The request is about to be sent: to begin, or to go on. */
  begin(): void {
    // What was received of a snapshot, or of a commit, that did not come to its end comes once more.
    this.#records = [];
    this.#commit = undefined;
    if (this.#resumeToken) {
      this.#request.start = create(StartSchema, { kind: { case: "resumeToken", value: this.#resumeToken } });
    }
  }

  /** Something came: the server is there. */
  received(): void {
    this.#wasBegun = true;
    this.#patience = new Patience(undefined);
  }

  /** How long to wait, in milliseconds, before going on behind `error`. Throws it where that makes no sense. */
  pauseMs(error: ToolcribError): number {
    if (error.code === "RESOURCE_EXHAUSTED" && error.reason === TOO_SLOW) return 0;
    // The server let its calls go.
    const isLost = error.code === "UNAVAILABLE" || (this.#wasBegun && error.code === "CANCELLED");
    if (!isLost) throw error;
    try {
      return this.#patience.pauseMs(new ToolcribError("UNAVAILABLE", error.message, error));
    } catch {
      if (!this.#wasBegun) throw error;
      return PAUSE_MS_MAX;
    }
  }

  /** Throws where no snapshot is to come. */
  requireSnapshot(): void {
    if (!this.#awaitsSnapshot) {
      throw new Error("there is no snapshot: ask for one with `start: Begin.withSnapshot`, and take it once");
    }
  }

  /** Throws where a snapshot is still to come. */
  requireBegun(): void {
    if (this.#awaitsSnapshot) throw new Error("the snapshot comes first: take it with snapshot()");
  }

  /** Takes a message of the snapshot; answers all records at its end. */
  takeRecordsOf(message: WatchResponseFields<R>): R[] | undefined {
    // Not `push(...)`: a message may have more records than a function has arguments.
    for (const record of message.records) this.#records.push(record);
    if (message.kind !== MessageKind.SNAPSHOT_END) return undefined;
    this.#awaitsSnapshot = false;
    this.done(message);
    const records = this.#records;
    this.#records = [];
    return records;
  }

  /** Takes a message; answers the commit that it completes. */
  take(message: WatchResponseFields<R>): Commit<R> | undefined {
    if (message.kind !== MessageKind.COMMIT || message.commit === undefined) return undefined;
    const { commit, changes } = this.#commit ?? commitOf<R>(message.commit);
    for (const change of message.changes) changes.push(changeOf(change, commit));
    this.#commit = message.continues ? { commit, changes } : undefined;
    return message.continues ? undefined : commit;
  }

  /** What the message said was given. */
  done(message: WatchResponseFields<R>): void {
    if (!message.resumeToken) return;
    this.#resumeToken = message.resumeToken;
    this.#revision = message.revision;
  }
}

function commitOf<R>(message: CommitMessage): { commit: Commit<R>; changes: Change<R>[] } {
  const { revision, commitTime, actor, actorSource, reason, method } = message;
  const changes: Change<R>[] = [];
  const time = new Date(commitTime === undefined ? 0 : timestampMs(commitTime));
  return { commit: { revision, time, commitTime, actor, actorSource, reason, method, changes }, changes };
}

function changeOf<R>(message: ChangeFields<R>, commit: Commit<R>): Change<R> {
  const { kind, record, previous } = message;
  if (record === undefined) {
    throw new ToolcribError("INTERNAL", `revision ${commit.revision.toString()} has a change without a record`);
  }
  const recordKey = "recordKey" in message && typeof message.recordKey === "string" ? message.recordKey : "";
  return { kind, kindName: ChangeKind[kind].toLowerCase(), record, previous, recordKey, commit };
}
