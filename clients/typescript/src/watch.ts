// Watches: what is committed, as it is committed.
//
//     await using watch = recipes.watch({ filter: "speed_mm_s > 100", start: Begin.withSnapshot });
//     const known = new Map((await watch.snapshot()).map((recipe) => [recipe.id, recipe]));
//     for await (const change of watch) {
//       console.log(change.kindName, change.record.name, change.commit.actor);
//     }
//
// A watch goes on by itself where its connection or its server is lost, behind the last commit that it gave: without gap
// and without repeat. `resumeToken` lets another process do the same.
import type { Any } from "@bufbuild/protobuf/wkt";

import { type Change, type Commit, Course, type WatchRequestFields, type WatchResponseFields } from "./course.js";
import type { Crib } from "./crib.js";
import { ToolcribError } from "./errors.js";
import type { Fields, Options } from "./options.js";
import { pause } from "./patience.js";
import { type Start, type WatchRequest, WatchService } from "./protos/toolcrib/watch/v1/watch_pb.js";
import { linked } from "./signals.js";

export type { Change, Commit, WatchRequestFields, WatchResponseFields } from "./course.js";

/** Where a watch begins; without any of these, now. */
export const Begin = {
  /** With the records that there are, then with all that becomes of them. */
  withSnapshot: { kind: { case: "snapshot", value: true } },
  /** With the commit of a revision, or the first one behind it. */
  atRevision: (revision: bigint) => ({ kind: { case: "revision", value: revision } }) as const,
  /** Behind the commit that another watch had the token from. */
  behind: (resumeToken: string) => ({ kind: { case: "resumeToken", value: resumeToken } }) as const,
} as const satisfies Record<string, Fields<Start> | ((place: never) => Fields<Start>)>;

/** Sends the request once more; what is answered ends with `signal`. */
type Open<R> = (signal: AbortSignal) => AsyncIterable<WatchResponseFields<R>>;

/**
 * Iterating over it gives each change, `commits` the same commit by commit. Both wait for the next without end.
 *
 * It is begun by whichever is first asked, and ended by `close`, or by leaving the loop. It rejects with ToolcribError
 * where it cannot go on: the server never answered within the call's time, or what comes next is no longer kept. What is
 * not read waits at the server, not here.
 */
export class Watch<R> implements AsyncIterable<Change<R>>, AsyncDisposable {
  readonly #course: Course<R>;
  readonly #messages: AsyncGenerator<WatchResponseFields<R>, void, undefined>;
  readonly #ended = new AbortController();

  /** The methods `watch` of clients make one. It rejects with the reason of each of `signals` that is aborted. */
  constructor(open: Open<R>, request: WatchRequestFields, timeoutMs: number | undefined, signals: AbortSignal[]) {
    this.#course = new Course(request, timeoutMs);
    this.#messages = this.#receive(open, signals);
  }

  /** Goes on behind the last commit that was given in whole; empty before there is any place to go on from. */
  get resumeToken(): string {
    return this.#course.resumeToken;
  }

  /** All up to this revision was given. */
  get revision(): bigint {
    return this.#course.revision;
  }

  /** The records that there are, where the watch was asked for them; they come first. */
  async snapshot(): Promise<R[]> {
    this.#course.requireSnapshot();
    for (;;) {
      const next = await this.#messages.next();
      if (next.done) return [];
      const records = this.#course.takeRecordsOf(next.value);
      if (records !== undefined) return records;
    }
  }

  /** Each commit, with all its changes. A commit counts as given when the next is asked for. */
  async *commits(): AsyncGenerator<Commit<R>, void, undefined> {
    this.#course.requireBegun();
    try {
      for (let next = await this.#messages.next(); !next.done; next = await this.#messages.next()) {
        const commit = this.#course.take(next.value);
        if (commit !== undefined) yield commit;
        this.#course.done(next.value);
      }
    } finally {
      this.close();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Change<R>, void, undefined> {
    for await (const commit of this.commits()) yield* commit.changes;
  }

  /** Ends it; who iterates comes to the end. */
  close(): void {
    this.#ended.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** The messages of one stream after another, until it is closed. */
  async *#receive(
    open: Open<R>,
    signals: readonly AbortSignal[],
  ): AsyncGenerator<WatchResponseFields<R>, void, undefined> {
    const ended = this.#ended.signal;
    const either = linked([ended, ...signals]);
    const isOver = (): boolean => either.signal.aborted;
    try {
      while (!isOver()) {
        this.#course.begin();
        try {
          for await (const message of open(either.signal)) {
            this.#course.received();
            yield message;
          }
          throw new ToolcribError("UNAVAILABLE", "the server ended the watch");
        } catch (error) {
          if (isOver()) break;
          if (!(error instanceof ToolcribError)) throw error;
          await pause(this.#course.pauseMs(error), either.signal).catch(() => undefined);
        }
      }
      if (!ended.aborted) throw either.signal.reason;
    } finally {
      either.release();
    }
  }
}

/** Watches several components, or all, each commit of them at once. Records come packed (google.protobuf.Any). */
export class WatchClient {
  readonly #crib: Crib;

  constructor(crib: Crib) {
    this.#crib = crib;
  }

  /** Watches `components` by the full names of their messages, each with a filter if it has one; without any, all. */
  watch(options: Options<WatchRequest> = {}): Watch<Any> {
    return this.#crib.watch(WatchService.method.watch, { ...options }, options);
  }
}
