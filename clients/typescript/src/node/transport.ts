// gRPC over HTTP/2 as Node.js has it.
//
// connect fails a call by the details of its status where it cannot read them, and the status itself is lost. So details
// that are somebody else's idea, a proxy's perhaps, are left out before it looks at them.
import type { Transport } from "@connectrpc/connect";
import {
  compressionBrotli,
  compressionGzip,
  createNodeHttpClient,
  type Http2SessionManager,
} from "@connectrpc/connect-node";
import type { UniversalClientFn } from "@connectrpc/connect/protocol";
import { createTransport, findTrailerError } from "@connectrpc/connect/protocol-grpc";

// A page of a thousand records may be larger than the 4 MiB that gRPC takes by default.
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const REQUEST_BYTES_MAX = 0xffffffff;
const COMPRESS_BYTES_MIN = 1024;
const DETAILS = "grpc-status-details-bin";

/** What makes the calls to the server at `baseUrl`. */
export function grpcTransport(baseUrl: string, sessions: Http2SessionManager): Transport {
  const client = createNodeHttpClient({ httpVersion: "2", sessionProvider: () => sessions });
  return createTransport({
    baseUrl,
    httpClient: withReadableDetails(client),
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [compressionGzip, compressionBrotli],
    sendCompression: null,
    compressMinBytes: COMPRESS_BYTES_MIN,
    readMaxBytes: ANSWER_BYTES_MAX,
    writeMaxBytes: REQUEST_BYTES_MAX,
  });
}

function withReadableDetails(client: UniversalClientFn): UniversalClientFn {
  return async (request) => {
    const response = await client(request);
    dropUnreadable(response.header);
    return { ...response, body: checkedBehind(response.body, response.trailer) };
  };
}

/** The body; its end is when the trailer is there. */
async function* checkedBehind(body: AsyncIterable<Uint8Array>, trailer: Headers): AsyncGenerator<Uint8Array> {
  yield* body;
  dropUnreadable(trailer);
}

function dropUnreadable(headers: Headers): void {
  try {
    findTrailerError(headers);
  } catch {
    headers.delete(DETAILS);
  }
}
