// Several writes, of any components, as one commit: all of them or none.
//
//     const transaction = crib.transaction();
//     const recipe = new RecipeWrites(transaction).create({ name: "Bracket", speedMmS: 120 });
//     new ToolOffsetWrites(transaction).delete(7n);
//     await transaction.commit();
//     console.log(recipe.value.id, transaction.revision);
//
// The classes that gather writes are generated, one for each component.
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { type Any, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";

import type { Crib } from "./crib.js";
import { ToolcribError } from "./errors.js";
import type { Options } from "./options.js";
import {
  type CommitTransactionRequest,
  CommitTransactionRequestSchema,
  TransactionService,
} from "./protos/toolcrib/transaction/v1/transaction_pb.js";

/** What must be so of a record before the first write: that there is one or none. */
export interface Exists {
  readonly exists: boolean;
}

/** What must be so of a record before the first write: that its etag is this one. */
export interface HasEtag {
  readonly etag: string;
}

/** The answer to a write, once its transaction is committed. */
export class Pending<Answer> {
  #answer: { readonly value: Answer } | undefined;

  /** The answer. Throws before the commit. */
  get value(): Answer {
    if (this.#answer === undefined) {
      throw new Error("the transaction is not committed; its answers are there when commit() is done");
    }
    return this.#answer.value;
  }

  /** @internal The answer has come. */
  receive(value: Answer): void {
    this.#answer = { value };
  }
}

/** What a transaction gathers; nothing is sent before `commit`. */
export class Transaction {
  readonly #crib: Crib;
  readonly #request = create(CommitTransactionRequestSchema);
  readonly #receivers: ((answer: Any) => void)[] = [];
  #isCommitted = false;
  #revision = 0n;

  /** `Crib.transaction` makes one. */
  constructor(crib: Crib) {
    this.#crib = crib;
  }

  /** The commit's revision once it is done; 0 if it changed nothing. */
  get revision(): bigint {
    return this.#revision;
  }

  /** Adds a request to a component's service, for a method that writes. */
  add<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Pending<MessageShape<O>> {
    this.#requireOpen();
    const pending = new Pending<MessageShape<O>>();
    this.#request.requests.push(anyPack(method.input, create(method.input, request)));
    this.#receivers.push((packed) => {
      const answer = anyUnpack(packed, method.output);
      if (answer === undefined) {
        throw new ToolcribError("INTERNAL", `${method.name} was answered by ${packed.typeUrl}, which it never is`);
      }
      pending.receive(answer);
    });
    return pending;
  }

  /** What must be so before the first write: of the record that `request` of a method that gets one names. */
  require<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    condition: Exists | HasEtag,
  ): void {
    this.#requireOpen();
    this.#request.preconditions.push({
      $typeName: "toolcrib.transaction.v1.Precondition",
      record: anyPack(method.input, create(method.input, request)),
      condition:
        "etag" in condition ? { case: "etag", value: condition.etag } : { case: "exists", value: condition.exists },
    });
  }

  /**
   * Carries out what was gathered. Rejects with ToolcribError, and then nothing was written; but where the code is
   * UNAVAILABLE or DEADLINE_EXCEEDED that is not known, and `commit` once more does it once, under the same id.
   */
  async commit(options: Options<CommitTransactionRequest, "requests" | "preconditions"> = {}): Promise<void> {
    this.#requireOpen();
    if (this.#request.requests.length > 0 || this.#request.preconditions.length > 0) {
      this.#request.requestId = options.requestId ?? this.#request.requestId;
      this.#request.validateOnly = options.validateOnly ?? false;
      const response = await this.#crib.write(TransactionService.method.commitTransaction, this.#request, options);
      this.#revision = response.revision;
      response.responses.forEach((answer, index) => this.#receivers[index]?.(answer));
    }
    this.#isCommitted = true;
  }

  #requireOpen(): void {
    if (this.#isCommitted) throw new Error("the transaction is committed; begin another one");
  }
}
