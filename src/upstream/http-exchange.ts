import { unzip } from 'node:zlib';
import type { FailureClass } from '../core/outcome.ts';
import { ByteCollector } from '../lib/byte-collector.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { faultOf } from './connection-fault.ts';

/** What came back for one HTTP request. */
export type HttpResult =
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly contentType: string;
      readonly retryAfter: string | undefined;
      /** Unpacked, and never longer than the limit. */
      readonly body: Buffer;
    }
  | {
      readonly kind: 'failed';
      readonly failure: FailureClass;
      readonly message: string;
      /** Whatever stood behind the connection may be gone. */
      readonly lost: boolean;
      /** The connection broke after the request had begun. */
      readonly died: boolean;
      /** The request never had a connection. */
      readonly unsent?: boolean;
    }
  | { readonly kind: 'cancelled' };

export interface ExchangeLimits {
  /** Ms from the start until the last byte, waiting for a connection included. */
  readonly timeoutMs: number;
  /** Bytes of the body, as sent and as unpacked. */
  readonly responseSize: number;
}

/** The part of undici's controller that is needed here. */
interface Controller {
  abort(reason: Error): void;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

/** One request and its answer: an undici dispatch handler that ends exactly once, whatever the node does. */
export class HttpExchange {
  readonly body: Buffer;
  readonly #limits: ExchangeLimits;
  readonly #ended: (result: HttpResult) => void;
  readonly #released: () => void;
  readonly #timer: Timer;
  readonly #received = new ByteCollector();
  #status = 0;
  #headers: Headers = {};
  #controller: Controller | undefined;
  #over = false;

  /** `released` runs when undici is done with the exchange, which may be after its end. */
  constructor(
    body: Buffer,
    limits: ExchangeLimits,
    clock: Clock,
    ended: (result: HttpResult) => void,
    released: () => void,
  ) {
    this.body = body;
    this.#limits = limits;
    this.#ended = ended;
    this.#released = released;
    this.#timer = clock.after(limits.timeoutMs, () => this.#giveUp('timeout', this.#lateness()));
  }

  cancel(): void {
    this.#end({ kind: 'cancelled' });
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#over) controller.abort(abandoned());
  }

  onResponseStart(_controller: Controller, status: number, headers: Headers): void {
    this.#status = status;
    this.#headers = headers;
    const length = Number(textOf(headers['content-length']));
    if (length > this.#limits.responseSize) this.#giveUp('bad_reply', tooLarge);
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#over) return;
    if (this.#received.size + chunk.length > this.#limits.responseSize) return this.#giveUp('bad_reply', tooLarge);
    this.#received.add(chunk);
  }

  onResponseEnd(): void {
    this.#controller = undefined;
    this.#released();
    if (this.#over) return;
    const body = this.#received.take();
    const encoding = textOf(this.#headers['content-encoding'])?.trim().toLowerCase() ?? 'identity';
    if (encoding === 'identity' || encoding === '') return this.#respond(body);
    if (encoding === 'gzip' || encoding === 'x-gzip' || encoding === 'deflate') return this.#unpack(body);
    this.#giveUp('bad_reply', 'compressed in a way that nobody asked for');
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    const begun = this.#controller !== undefined;
    this.#controller = undefined;
    this.#released();
    const fault = faultOf(error);
    this.#end({ kind: 'failed', ...fault, died: begun && fault.lost });
  }

  #unpack(body: Buffer): void {
    unzip(body, { maxOutputLength: this.#limits.responseSize }, (error, unpacked) => {
      if (error === null) this.#respond(unpacked);
      else if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') this.#giveUp('bad_reply', tooLarge);
      else this.#giveUp('bad_reply', 'a compressed body that does not unpack');
    });
  }

  #respond(body: Buffer): void {
    this.#end({
      kind: 'response',
      status: this.#status,
      contentType: textOf(this.#headers['content-type']) ?? '',
      retryAfter: textOf(this.#headers['retry-after']),
      body,
    });
  }

  #lateness(): string {
    if (this.#controller === undefined) return 'no connection within the time limit';
    return this.#status === 0 ? 'no answer within the time limit' : 'an answer that did not end within the time limit';
  }

  #giveUp(failure: FailureClass, message: string): void {
    this.#end({ kind: 'failed', failure, message, lost: false, died: false });
  }

  #end(result: HttpResult): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.cancel();
    this.#received.clear();
    this.#ended(result);
    this.#controller?.abort(abandoned());
  }
}

const tooLarge = 'an answer larger than the response size limit';
const abandoned = (): Error => new Error('the exchange is over');
