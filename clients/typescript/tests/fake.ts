// A server within the test, which answers as it is told.
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { type CallSettings, Crib } from "@toolcrib/client";

import {
  type CreateSpecimenRequest,
  SpecimenService,
} from "../build/gen/typescript/conformance/specimens/v1/specimen_service_pb.js";
import { type Specimen, SpecimenSchema } from "../build/gen/typescript/conformance/specimens/v1/specimen_pb.js";
import { ErrorInfoSchema, RetryInfoSchema } from "@toolcrib/client/protos/google/rpc/error_details_pb.js";
import {
  type CommitTransactionRequest,
  TransactionService,
} from "@toolcrib/client/protos/toolcrib/transaction/v1/transaction_pb.js";

/** A connection to a server with these methods. */
export function cribTo(methods: Partial<ServiceImpl<typeof SpecimenService>>, settings: CallSettings = {}): Crib {
  const transport = createRouterTransport((router) => {
    router.service(SpecimenService, methods);
  });
  return new Crib({ transport, address: "fake" }, settings);
}

/** A connection to a server that carries out transactions by `commit`. */
export function cribThatCommits(
  commit: ServiceImpl<typeof TransactionService>["commitTransaction"],
  settings: CallSettings = {},
): Crib {
  const transport = createRouterTransport((router) => {
    router.service(TransactionService, { commitTransaction: commit });
  });
  return new Crib({ transport, address: "fake" }, settings);
}

/** What a server that cannot work now answers. */
export function unavailable(retryAfterMs = 0): ConnectError {
  const details = [{ desc: ErrorInfoSchema, value: { reason: "DATABASE_UNAVAILABLE", domain: "toolcrib.dev" } }];
  const delay = { desc: RetryInfoSchema, value: { retryDelay: { seconds: 0n, nanos: retryAfterMs * 1e6 } } };
  return new ConnectError("the database is away", Code.Unavailable, undefined, [...details, delay]);
}

/** What a server answers that refuses for a reason. */
export function refused(code: Code, reason: string): ConnectError {
  const value = { reason, domain: "toolcrib.dev", metadata: { fact: "known" } };
  return new ConnectError("it is refused", code, undefined, [{ desc: ErrorInfoSchema, value }]);
}

/** Creates that fail so often before they are answered; notes what was asked. */
export class Creates {
  readonly requests: CreateSpecimenRequest[] = [];
  readonly headers: Headers[] = [];
  readonly #failures: number;

  constructor(failures: number) {
    this.#failures = failures;
  }

  readonly createSpecimen = (request: CreateSpecimenRequest, context: HandlerContext): Specimen => {
    this.requests.push(request);
    this.headers.push(context.requestHeader);
    if (this.requests.length <= this.#failures) throw unavailable();
    return create(SpecimenSchema, { id: 7n, name: request.specimen?.name ?? "" });
  };
}

export type { CommitTransactionRequest };
