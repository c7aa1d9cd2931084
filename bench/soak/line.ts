import { once } from 'node:events';
import { Pool } from 'undici';
import { WebSocket } from 'ws';

/** What came back for one message. */
export interface Answer {
  /** The parsed JSON text. */
  readonly json: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A client's connection to the gateway. */
export interface Line {
  /** Rejects, with words, where no answer came. */
  ask(message: unknown): Promise<Answer>;
  close(): Promise<void>;
}

/** Over HTTP, on connections that are kept; as many as calls are under way, so that none waits for another here. */
export const httpLine = (url: string, timeoutMs: number): Line => {
  const pool = new Pool(url, { connections: 64, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  return {
    ask: async (message) => {
      const headers = { 'content-type': 'application/json' };
      const response = await pool.request({ path: '/', method: 'POST', headers, body: JSON.stringify(message) });
      const text = await response.body.text();
      try {
        return { json: JSON.parse(text), headers: response.headers };
      } catch {
        throw new Error(`HTTP ${response.statusCode}, no JSON: ${text.slice(0, 200)}`);
      }
    },
    close: () => pool.destroy(),
  };
};

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Over one WebSocket. A connection that ends is a failure of all calls under way; the next call opens another. */
export const wsLine = (url: string, timeoutMs: number): Line => {
  const waiting = new Map<unknown, Waiting>();
  let socket: WebSocket | undefined;
  const open = async (): Promise<WebSocket> => {
    const fresh = new WebSocket(url);
    socket = fresh;
    fresh.on('message', (data) => {
      const json: unknown = JSON.parse((data as Buffer).toString());
      const first: unknown = Array.isArray(json) ? json[0] : json;
      const { id } = first as { id: unknown };
      waiting.get(id)?.resolve({ json, headers: {} });
      waiting.delete(id);
    });
    fresh.on('close', (code) => {
      socket = undefined;
      for (const call of waiting.values()) call.reject(new Error(`the gateway closed the socket with ${code}`));
      waiting.clear();
    });
    await once(fresh, 'open');
    return fresh;
  };
  return {
    ask: async (message) => {
      const ready = socket?.readyState === WebSocket.OPEN ? socket : await open();
      const first: unknown = Array.isArray(message) ? message[0] : message;
      const { id } = first as { id: unknown };
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(new Error(`no answer within ${timeoutMs} ms`));
        }, timeoutMs);
        const settle = (): void => clearTimeout(timer);
        waiting.set(id, {
          resolve: (answer) => {
            settle();
            resolve(answer);
          },
          reject: (error) => {
            settle();
            reject(error);
          },
        });
        ready.send(JSON.stringify(message));
      });
    },
    close: async () => {
      if (socket === undefined) return;
      const closed = once(socket, 'close');
      socket.terminate();
      await closed;
    },
  };
};
