import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { eventually } from './pool.ts';

/** One event of a stream, as EventSource would give it. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string;
}

/** A bare reader of Server-Sent Events that keeps what it gets, in order. */
export class SseClient {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly events: ServerEvent[] = [];
  /** The last id that came, with an event or without. */
  lastId = '';
  /** Bytes as they came. */
  text = '';
  ended = false;
  readonly #request: ClientRequest;
  readonly response: IncomingMessage;

  constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      this.text += chunk;
      const blocks = `${rest}${chunk}`.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.#take(block);
    });
    response.on('close', () => {
      this.ended = true;
    });
  }

  static open(url: string, headers: Record<string, string> = {}): Promise<SseClient> {
    return new Promise((resolve, reject) => {
      const request = get(url, { headers, agent: false }, (response) => resolve(new SseClient(request, response)));
      request.on('error', reject);
    });
  }

  /** The JSON of the events with this name. */
  data(event: string): Record<string, unknown>[] {
    return this.events.filter((one) => one.event === event).map(({ data }) => JSON.parse(data));
  }

  /** Waits until as many events have come, and gives their JSON with the event's name. */
  async got(count: number): Promise<readonly ServerEvent[]> {
    await eventually(() => this.events.length).toBeGreaterThanOrEqual(count);
    return this.events;
  }

  close(): void {
    this.#request.destroy();
  }

  #take(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const colon = line.indexOf(': ');
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
    }
    this.lastId = fields.get('id') ?? this.lastId;
    const data = fields.get('data');
    if (data !== undefined) this.events.push({ event: fields.get('event') ?? 'message', data, id: this.lastId });
  }
}
