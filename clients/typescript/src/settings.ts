// What goes with each call: in whose name it is made, why, and how long it may take.
import { encodeBinaryHeader } from "@connectrpc/connect";

import { invalidArgument } from "./errors.js";

/** How long a call may take where nothing else is said, its retries included, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 10_000;

// gRPC spells a deadline with at most eight digits: more than a day is as good as none.
const TIMEOUT_MS_MAX = 99_999_999;

/** What goes with each call over a connection. */
export interface CallSettings {
  /** In whose name calls are made; left to the certificate or the server's settings where it is absent. */
  readonly actor?: string | undefined;
  /** Whose records calls are about, where each is a tenant's own. */
  readonly tenant?: string | undefined;
  /** Why changes are made; it stands in their audit entries. */
  readonly reason?: string | undefined;
  /** How long a call may take, its retries included, in milliseconds: 10 000 by default, `Infinity` is without end. */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether a write that lost its connection is tried again, under the same id, so that it is done once (the default).
   * Without, it is tried once, and may have been done though it failed.
   */
  readonly retryWrites?: boolean | undefined;
}

/** The time of a call, or undefined where that is without end. Throws ToolcribError where it is no time at all. */
export function timeoutOf(settings: CallSettings): number | undefined {
  const timeoutMs = settings.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  if (!(timeoutMs > 0)) {
    throw invalidArgument(
      `timeoutMs is ${timeoutMs.toString()}; it must be more than 0 milliseconds, or Infinity to wait without end`,
    );
  }
  return timeoutMs > TIMEOUT_MS_MAX ? undefined : timeoutMs;
}

/** Actor, tenant and reason as the server reads them. */
export function headersOf(settings: CallSettings): Headers {
  const headers = new Headers();
  set(headers, "x-actor", settings.actor);
  set(headers, "x-tenant", settings.tenant);
  set(headers, "x-change-reason", settings.reason);
  return headers;
}

/** `text` under `key`, or as UTF-8 under the key's binary twin where HTTP headers could not carry it. */
function set(headers: Headers, key: string, text: string | undefined): void {
  if (!text) return;
  const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text);
  if (plain) headers.set(key, text);
  else headers.set(`${key}-bin`, encodeBinaryHeader(new TextEncoder().encode(text)));
}
