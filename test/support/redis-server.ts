import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createClient } from '@redis/client';
import { ports } from './ports.ts';

/** A Redis server of one test, that keeps nothing on disk. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #more: readonly string[];
  #process: ChildProcess | undefined;

  constructor(port: number, more: readonly string[]) {
    this.port = port;
    this.#more = more;
  }

  static async start(...more: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await ports.take(), more);
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Empty, on its port. */
  async restart(): Promise<void> {
    const words = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      ...this.#more,
    ];
    const process = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = process;
    let ready = false;
    for await (const line of createInterface({ input: process.stdout })) {
      ready = line.includes('Ready to accept connections');
      if (ready) break;
    }
    if (!ready) throw new Error(`redis-server did not start at port ${this.port}`);
    process.stdout.resume();
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (process === undefined) return;
    process.kill('SIGKILL');
    if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
  }

  /** Connections stay open, and nothing is answered. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** One command over a connection of its own. */
  async run(...words: readonly (string | Buffer)[]): Promise<unknown> {
    const client = createClient({ url: this.url });
    client.on('error', () => {});
    await client.connect();
    const reply = await client.sendCommand(words);
    client.destroy();
    return reply;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
