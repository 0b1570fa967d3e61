// When to try again, and waiting until then.
import { ToolcribError } from "./errors.js";
import { reasonOf } from "./signals.js";

// A server that restarts is back within them.
const PAUSES_MS = [100, 200, 400, 800, 1600];
// Clients that lost the same server must not come back at the same moment.
const JITTER = 0.2;
// What a try behind a pause has at least: with less it would be cut off before it could say why.
const SHORTEST_RETRY_MS = 20;

const CHECK_TIMEOUT_MS = 2_000;
const CHECK_PAUSE_MS = 100;

/** How often one call is tried, within the time that all tries have together. */
export class Patience {
  readonly #end: number;
  readonly #pausesMs: number[];
  #last?: ToolcribError;

  /** Without `timeoutMs` there is no end to the time; with `tries` false there is one try. */
  constructor(timeoutMs: number | undefined, tries = true) {
    this.#end = performance.now() + (timeoutMs ?? Infinity);
    this.#pausesMs = tries ? [...PAUSES_MS] : [];
  }

  /**
   * What the next try may take, in whole milliseconds, as gRPC spells deadlines; undefined is without end. Throws
   * DEADLINE_EXCEEDED where there is no time; behind a pause that took too long, what the last try came to.
   */
  remainingMs(): number | undefined {
    if (this.#end === Infinity) return undefined;
    const remainingMs = this.#end - performance.now();
    if (remainingMs >= 1) return Math.ceil(remainingMs);
    if (this.#last !== undefined) throw this.#last;
    const text = "the time for the call was over before it was sent; give it more, or Infinity to wait without end";
    throw new ToolcribError("DEADLINE_EXCEEDED", text);
  }

  /** How long to wait before the next try, in milliseconds. Throws `error` where there is none, or no time for it. */
  pauseMs(error: ToolcribError): number {
    const next = error.code === "UNAVAILABLE" ? this.#pausesMs.shift() : undefined;
    if (next === undefined) throw error;
    const pauseMs = Math.max(next * (1 + JITTER * (2 * Math.random() - 1)), error.retryDelayMs ?? 0);
    if (this.#end - performance.now() < pauseMs + SHORTEST_RETRY_MS) throw error;
    this.#last = error;
    return pauseMs;
  }
}

/** Waiting for a server that serves: it answers, and says that its database does too. */
export class ReadyWait {
  readonly #address: string;
  readonly #timeoutMs: number;
  readonly #end: number;
  #last = "";

  constructor(address: string, timeoutMs: number) {
    this.#address = address;
    this.#timeoutMs = timeoutMs;
    this.#end = performance.now() + timeoutMs;
  }

  /** What the next question may take, in whole milliseconds. */
  checkTimeoutMs(): number {
    return Math.ceil(Math.min(Math.max(this.#end - performance.now(), CHECK_PAUSE_MS), CHECK_TIMEOUT_MS));
  }

  /** Whether the server serves. Throws what it will not recover from. */
  isOver(answer: boolean | ToolcribError): boolean {
    if (typeof answer === "boolean") {
      this.#last = "it says that it is not serving";
      return answer;
    }
    // It has no health service, but it answers.
    if (answer.code === "UNIMPLEMENTED") return true;
    if (answer.code !== "UNAVAILABLE" && answer.code !== "DEADLINE_EXCEEDED") throw answer;
    this.#last = answer.message;
    return false;
  }

  /** How long to wait before asking again, in milliseconds. Throws UNAVAILABLE when the time is over. */
  pauseMs(): number {
    if (performance.now() + CHECK_PAUSE_MS < this.#end) return CHECK_PAUSE_MS;
    const text = `the server at ${this.#address} was not ready within ${this.#timeoutMs.toString()} ms: ${this.#last}`;
    throw new ToolcribError("UNAVAILABLE", text);
  }
}

/** Waits so many milliseconds. Rejects with why `signal` is aborted as soon as it is. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      if (signal?.aborted) reject(reasonOf(signal));
      else resolve();
    };
    const timer = setTimeout(end, milliseconds);
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end);
  });
}
