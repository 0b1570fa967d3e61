// Signals that are aborted with others.
import { cancelled, ToolcribError } from "./errors.js";

/**
 * A signal that is aborted with any of these; its reason is a ToolcribError.
 *
 * `AbortSignal.any` would do, but holds on to what is made of a signal that lives for long; `release` lets go.
 */
export function linked(signals: readonly AbortSignal[]): {
  readonly signal: AbortSignal;
  readonly release: () => void;
} {
  const controller = new AbortController();
  const listeners = signals.map((signal) => {
    const abort = (): void => {
      controller.abort(reasonOf(signal));
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    return { signal, abort };
  });
  const release = (): void => {
    for (const { signal, abort } of listeners) signal.removeEventListener("abort", abort);
  };
  return { signal: controller.signal, release };
}

/** Why a signal was aborted, as calls fail. */
export function reasonOf(signal: AbortSignal): ToolcribError {
  return signal.reason instanceof ToolcribError ? signal.reason : cancelled("the caller gave up", signal.reason);
}
