// Certificates.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContextOptions } from "node:tls";

import { invalidArgument } from "../errors.js";

/** The path of a PEM file, or what is in one as bytes. */
export type PemSource = string | URL | Uint8Array;

/**
 * TLS to the server; with a certificate and its key, mutual TLS, where the certificate's name is the actor.
 *
 * Without `rootCertificates` those that Node.js ships are trusted, which will not know a plant's own authority.
 * `serverName` is the name in the server's certificate where it is not the one in the address.
 */
export interface Tls {
  readonly rootCertificates?: PemSource | undefined;
  readonly certificate?: PemSource | undefined;
  readonly key?: PemSource | undefined;
  readonly serverName?: string | undefined;
}

/** What Node.js needs. Throws ToolcribError for what cannot be read, or does not fit together. */
export function secureOptions(tls: Tls | undefined): SecureContextOptions {
  if (tls === undefined) return {};
  if ((tls.certificate === undefined) !== (tls.key === undefined)) {
    throw invalidArgument("a client certificate needs its key, and a key its certificate: give both or neither");
  }
  const options: SecureContextOptions = {
    ...(tls.rootCertificates !== undefined && { ca: certificate("rootCertificates", tls.rootCertificates) }),
    ...(tls.certificate !== undefined && { cert: certificate("certificate", tls.certificate) }),
    ...(tls.key !== undefined && { key: pem("key", tls.key) }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw invalidArgument(`the certificate and its key cannot be used: ${String(cause)}`, cause);
  }
  return options;
}

/** A certificate that can be read: Node.js passes over those that it cannot, and trusts nobody. */
function certificate(name: string, source: PemSource): Buffer {
  const content = pem(name, source);
  try {
    new X509Certificate(content);
  } catch (cause) {
    throw invalidArgument(`tls.${name} holds no certificate in PEM: ${String(cause)}`, cause);
  }
  return content;
}

function pem(name: string, source: PemSource): Buffer {
  if (source instanceof Uint8Array) return Buffer.from(source);
  try {
    return readFileSync(source);
  } catch (cause) {
    throw invalidArgument(`tls.${name} cannot be read: ${String(cause)}`, cause);
  }
}
