import { request, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Undefined where the body is no JSON. */
  readonly json: Record<string, unknown> | undefined;
}

/** One HTTP request as a client would make it, with full say over its headers, `Host` too. */
export const ask = (
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      void text(response).then((answer) =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answer, json: parsed(answer) }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });

const parsed = (body: string): Record<string, unknown> | undefined => {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return undefined;
  }
};
