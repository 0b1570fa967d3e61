// The connection that Node.js makes: gRPC over HTTP/2, in the clear or by TLS.
//
//     import { connect } from "@toolcrib/client/node";
//
//     using crib = connect("127.0.0.1:50051", { actor: "ann" });
import { Http2SessionManager } from "@connectrpc/connect-node";

import { Crib } from "./crib.js";
import { addressOf } from "./node/address.js";
import { secureOptions, type Tls } from "./node/tls.js";
import { grpcTransport } from "./node/transport.js";
import type { CallSettings } from "./settings.js";

export type { PemSource, Tls } from "./node/tls.js";

// A connection that is lost without a word, its cable pulled, is noticed also by who only waits.
const PING_INTERVAL_MS = 20_000;
const PING_TIMEOUT_MS = 10_000;

/** How to connect. */
export interface ConnectOptions extends CallSettings {
  /** Certificates; without `tls` nothing is encrypted. */
  readonly tls?: Tls | undefined;
}

/**
 * Connects to "host:port", or "unix:/path". The connection itself is made with the first call.
 *
 * Throws ToolcribError (INVALID_ARGUMENT) for an address, a certificate or settings that cannot be meant.
 */
export function connect(address: string, options: ConnectOptions = {}): Crib {
  const { tls, ...settings } = options;
  const { origin, createConnection } = addressOf(address, tls);
  const sessions = new Http2SessionManager(
    origin,
    { pingIntervalMs: PING_INTERVAL_MS, pingTimeoutMs: PING_TIMEOUT_MS, idleConnectionTimeoutMs: Infinity },
    { createConnection, ...secureOptions(tls) },
  );
  const close = (): void => {
    sessions.abort();
  };
  return new Crib({ transport: grpcTransport(origin, sessions), address, close }, settings);
}
