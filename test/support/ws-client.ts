import { once } from 'node:events';
import { WebSocket } from 'ws';

/** An answer as a test looks at it. */
export interface RpcAnswer {
  readonly id: unknown;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it expects
  readonly result?: any;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: { readonly reason?: string } };
}

/** A bare WebSocket client that keeps what it gets, in order. */
export class WsClient {
  readonly socket: WebSocket;
  readonly messages: string[] = [];
  closeCode: number | undefined;
  #waiting: (() => void)[] = [];

  constructor(url: string, headers: Record<string, string> = {}, options: Record<string, unknown> = {}) {
    this.socket = new WebSocket(url, { headers, ...options });
    this.socket.on('message', (data) => {
      this.messages.push((data as Buffer).toString());
      this.#wake();
    });
    this.socket.on('close', (code) => {
      this.closeCode = code;
      this.#wake();
    });
    this.socket.on('error', () => {});
  }

  /** Connects; rejects with the HTTP status where the upgrade is refused. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<WsClient> {
    const client = new WsClient(url, headers);
    const refused = new Promise<never>((_, reject) => {
      client.socket.on('unexpected-response', (_request, response) => reject(new Error(`HTTP ${response.statusCode}`)));
      client.socket.on('error', reject);
    });
    await Promise.race([once(client.socket, 'open'), refused]);
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The first message, from the first one ever got, for which `wanted` holds; waits for it. */
  async find(wanted: (text: string) => boolean): Promise<string> {
    for (;;) {
      const found = this.messages.find(wanted);
      if (found !== undefined) return found;
      if (this.closeCode !== undefined) throw new Error(`closed with ${this.closeCode}`);
      await this.#change();
    }
  }

  /** The parsed answer to a call. */
  async call(method: string, params: unknown = [], id = Math.floor(Math.random() * 1e9)): Promise<RpcAnswer> {
    this.send({ jsonrpc: '2.0', id, method, params });
    return JSON.parse(await this.find((text) => text.includes(`"id":${id},`)));
  }

  /** The code with which the other side closed. */
  async closed(): Promise<number> {
    while (this.closeCode === undefined) await this.#change();
    return this.closeCode;
  }

  async close(): Promise<void> {
    if (this.closeCode !== undefined) return;
    this.socket.terminate();
    await this.closed();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
