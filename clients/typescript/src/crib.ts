// The connection to a server. Generated clients make their calls through it.
//
// RecipeClient.get -> Crib.read -> connect's transport -> gRPC, or what else the transport speaks
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { Transport } from "@connectrpc/connect";

import { cancelled, type ToolcribError } from "./errors.js";
import { type Called, failureOf } from "./failures.js";
import type { CallOptions } from "./options.js";
import { Patience, pause, ReadyWait } from "./patience.js";
import { Health, HealthCheckResponse_ServingStatus } from "./protos/grpc/health/v1/health_pb.js";
import { newRequestId } from "./request_ids.js";
import { type CallSettings, DEFAULT_TIMEOUT_MS, headersOf, timeoutOf } from "./settings.js";
import { linked } from "./signals.js";
import { Transaction } from "./transaction.js";
import { Watch, type WatchRequestFields, type WatchResponseFields } from "./watch.js";

/** What the views of a connection share. */
export interface Connection {
  /** What carries calls. */
  readonly transport: Transport;
  /** Where the server is, for people. */
  readonly address: string;
  /** Lets go of what the transport holds. */
  close?(): void;
}

/** What a request for a page has, and the page. */
interface PageRequestFields {
  pageToken: string;
}
interface PageFields {
  nextPageToken: string;
}

/**
 * A connection to a Toolcrib server, best kept open. `connect` of `@toolcrib/client/node` makes one in Node.js; elsewhere
 * it is made over any transport of connect.
 *
 * A view with another setting (`asActor`, `withReason`) is cheap: it shares the connection, and closing either closes
 * both. Calls reject with ToolcribError.
 */
export class Crib {
  readonly #connection: Connection;
  readonly #closed: AbortController;
  readonly #settings: CallSettings;
  readonly #headers: Headers;
  readonly #timeoutMs: number | undefined;

  /** Throws ToolcribError for settings that cannot be meant. */
  constructor(connection: Connection, settings: CallSettings = {}, closed = new AbortController()) {
    this.#connection = connection;
    this.#closed = closed;
    this.#settings = settings;
    this.#headers = headersOf(settings);
    this.#timeoutMs = timeoutOf(settings);
  }

  /** Where the server is. */
  get address(): string {
    return this.#connection.address;
  }

  /** In whose name calls are made, why, and how long they may take. */
  get settings(): CallSettings {
    return this.#settings;
  }

  /** A view that calls in the name of `actor`; undefined leaves it to the certificate or the server's settings. */
  asActor(actor: string | undefined): Crib {
    return this.#view({ actor });
  }

  /** A view whose calls are about the records of `tenant`, where each is a tenant's own. */
  asTenant(tenant: string | undefined): Crib {
    return this.#view({ tenant });
  }

  /** A view whose changes are made for `reason`. */
  withReason(reason: string | undefined): Crib {
    return this.#view({ reason });
  }

  /** A view whose calls may take `timeoutMs` milliseconds, their retries included; `Infinity` is without end. */
  withTimeout(timeoutMs: number): Crib {
    return this.#view({ timeoutMs });
  }

  /** A view whose writes are tried again while the server is unavailable, each done once; or never. */
  withRetryWrites(retryWrites: boolean): Crib {
    return this.#view({ retryWrites });
  }

  /** Calls a method that changes nothing; tries again while the server is unavailable. */
  async read<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    return this.#try(method, create(method.input, request), new Patience(this.#timeoutMs), options.signal);
  }

  /**
   * Calls a method that changes something; with `retryWrites` tries again while the server is unavailable. Gives the
   * request an id unless it has one, under which the server does it once.
   */
  async write<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    const message = create(method.input, request);
    const retryWrites = this.#settings.retryWrites ?? true;
    // What is not written needs no id to be repeated.
    if (retryWrites && isWrite(message) && !message.requestId && !message.validateOnly) {
      message.requestId = newRequestId();
    }
    return this.#try(method, message, new Patience(this.#timeoutMs, retryWrites), options.signal);
  }

  /** The `items` of page after page, each asked for as it is needed. */
  async *pages<I extends Message & PageRequestFields, O extends Message & PageFields, Item>(
    method: DescMethodUnary<GenMessage<I>, GenMessage<O>>,
    request: MessageInitShape<GenMessage<I>>,
    items: (page: O) => readonly Item[],
    options: CallOptions = {},
  ): AsyncGenerator<Item, void, undefined> {
    const asked: I = create(method.input, request);
    do {
      const page: O = await this.read<GenMessage<I>, GenMessage<O>>(method, asked, options);
      yield* items(page);
      asked.pageToken = page.nextPageToken;
    } while (asked.pageToken);
  }

  /** A watch by a method that streams what is committed. Nothing is asked before it is iterated over. */
  watch<I extends Message & WatchRequestFields, R>(
    method: DescMethodServerStreaming<GenMessage<I>, GenMessage<Message & WatchResponseFields<R>>>,
    request: MessageInitShape<GenMessage<I>>,
    options: CallOptions = {},
  ): Watch<R> {
    const message: I = create(method.input, request);
    const open = (signal: AbortSignal): AsyncIterable<WatchResponseFields<R>> => this.#stream(method, message, signal);
    return new Watch(open, message, this.#timeoutMs, this.#signals(options.signal));
  }

  /** A transaction: writes of any components that are carried out together. */
  transaction(): Transaction {
    return new Transaction(this);
  }

  /** Waits until the server serves and its database answers. Rejects as UNAVAILABLE after `timeoutMs`. */
  async waitReady(options: CallOptions & { readonly timeoutMs?: number } = {}): Promise<void> {
    const wait = new ReadyWait(this.address, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    while (!wait.isOver(await this.#isServing(wait.checkTimeoutMs(), options.signal))) {
      await pause(wait.pauseMs(), options.signal);
    }
  }

  /** Closes the connection, also for the views that share it; calls that are under way fail as CANCELLED. */
  close(): void {
    this.#closed.abort(cancelled(`the connection to ${this.address} was closed`));
    this.#connection.close?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** What gives calls up. */
  #signals(signal: AbortSignal | undefined): AbortSignal[] {
    return signal === undefined ? [this.#closed.signal] : [this.#closed.signal, signal];
  }

  #view(settings: CallSettings): Crib {
    return new Crib(this.#connection, { ...this.#settings, ...settings }, this.#closed);
  }

  async #try<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    message: MessageShape<I>,
    patience: Patience,
    signal: AbortSignal | undefined,
  ): Promise<MessageShape<O>> {
    for (;;) {
      try {
        return await this.#call(method, message, patience.remainingMs(), signal);
      } catch (reason) {
        await pause(patience.pauseMs(failureOf(reason, this.#called(method))), signal);
      }
    }
  }

  async #call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    message: MessageShape<I>,
    timeoutMs: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<MessageShape<O>> {
    const either = linked(this.#signals(signal));
    either.signal.throwIfAborted();
    try {
      const input = message as MessageInitShape<I>;
      const { transport } = this.#connection;
      return (await transport.unary(method, either.signal, timeoutMs, this.#headers, input)).message;
    } finally {
      either.release();
    }
  }

  async *#stream<I extends Message, O extends Message>(
    method: DescMethodServerStreaming<GenMessage<I>, GenMessage<O>>,
    message: I,
    signal: AbortSignal,
  ): AsyncGenerator<O, void, undefined> {
    const either = linked(this.#signals(signal));
    try {
      either.signal.throwIfAborted();
      const { transport } = this.#connection;
      const input = only(message as MessageInitShape<GenMessage<I>>);
      yield* (await transport.stream(method, either.signal, undefined, this.#headers, input)).message;
    } catch (reason) {
      throw failureOf(reason, this.#called(method));
    } finally {
      either.release();
    }
  }

  async #isServing(timeoutMs: number, signal: AbortSignal | undefined): Promise<boolean | ToolcribError> {
    const method = Health.method.check;
    try {
      const { status } = await this.#call(method, create(method.input), timeoutMs, signal);
      return status === HealthCheckResponse_ServingStatus.SERVING;
    } catch (reason) {
      return failureOf(reason, this.#called(method));
    }
  }

  #called(method: DescMethod): Called {
    return { address: this.address, method: `/${method.parent.typeName}/${method.name}` };
  }
}

function isWrite(message: Message): message is Message & { requestId: string; validateOnly: boolean } {
  return "requestId" in message && "validateOnly" in message;
}

async function* only<T>(item: T): AsyncGenerator<T, void, undefined> {
  yield await Promise.resolve(item);
}
