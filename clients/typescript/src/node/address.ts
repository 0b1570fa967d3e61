// Addresses, and the sockets to them.
import { connect as connectPlainly, isIP, type Socket } from "node:net";
import { connect as connectSecurely, type ConnectionOptions } from "node:tls";

import { invalidArgument } from "../errors.js";
import { secureOptions, type Tls } from "./tls.js";

// A host that does not answer at all is given up like one that refuses, rather than after the minutes of TCP.
const CONNECT_TIMEOUT_MS = 20_000;

/** Where to connect to: the origin of URLs, and what makes the socket. */
export interface Target {
  readonly origin: string;
  readonly createConnection: () => Socket;
}

/** The target of "host:port" or "unix:/path". Throws ToolcribError for another address. */
export function addressOf(address: string, tls: Tls | undefined): Target {
  const scheme = tls === undefined ? "http" : "https";
  if (address.startsWith("unix:")) {
    const path = address.slice("unix:".length);
    return { origin: `${scheme}://localhost`, createConnection: () => opened({ path }, "localhost", tls) };
  }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:/@?#\s]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65535) {
    throw invalidArgument(`${JSON.stringify(address)} is no address; it is "host:port", "[::1]:port" or "unix:/path"`);
  }
  const origin = `${scheme}://${bracketed === undefined ? host : `[${host}]`}:${port.toString()}`;
  return { origin, createConnection: () => opened({ host, port }, host, tls) };
}

function opened(place: { path: string } | { host: string; port: number }, host: string, tls: Tls | undefined): Socket {
  const socket = tls === undefined ? connectPlainly(place) : connectSecurely({ ...place, ...secured(host, tls) });
  const timer = setTimeout(() => {
    socket.destroy(new Error(`no connection within ${(CONNECT_TIMEOUT_MS / 1000).toString()} s`));
  }, CONNECT_TIMEOUT_MS);
  const stop = (): void => {
    clearTimeout(timer);
  };
  return socket.once(tls === undefined ? "connect" : "secureConnect", stop).once("close", stop);
}

function secured(host: string, tls: Tls): ConnectionOptions {
  // Names of servers are no addresses (RFC 6066): those are looked for in the certificate without being said.
  const servername = tls.serverName ?? (isIP(host) === 0 ? host : undefined);
  return { ...secureOptions(tls), ALPNProtocols: ["h2"], ...(servername !== undefined && { servername }) };
}
