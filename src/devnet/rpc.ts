import { Client } from 'undici';

/** One method and its parameters. */
export type RpcRequest = readonly [method: string, params: readonly unknown[]];

/** A node's answer to one request. */
export type RpcAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly code: number; readonly message: string };

/** anvil starts a batch's items in their order only while they are few (seen to fail with 82, to hold with 16). */
const batchItems = 16;

/** A devnet node answered with an error, or not at all. */
export class RpcFault extends Error {}

/** A devnet's own private line to one of its nodes. */
export class NodeRpc {
  readonly #url: string;
  readonly #client: Client;

  /** `timeoutMs` bounds the wait for an answer's headers, and for its body. */
  constructor(url: string, timeoutMs: number) {
    this.#url = url;
    this.#client = new Client(url, { headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  }

  /** The result of one call. Throws `RpcFault` for an error answer and for none. */
  async call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    const [answer] = await this.batch([[method, params]]);
    if (answer?.ok) return answer.result;
    throw new RpcFault(`${this.#url} refused ${method}: ${answer?.message ?? 'no answer'}`);
  }

  /**
   * One answer per request, in their order, in which the node also begins them; but what follows `evm_mine` may see the
   * chain before it. Throws `RpcFault` where the node gives no answer.
   */
  async batch(requests: readonly RpcRequest[]): Promise<readonly RpcAnswer[]> {
    const answers: RpcAnswer[] = [];
    for (let start = 0; start < requests.length; start += batchItems) {
      answers.push(...(await this.#send(requests.slice(start, start + batchItems))));
    }
    return answers;
  }

  /** Ends the connection; requests under way fail. */
  close(): Promise<void> {
    return this.#client.destroy();
  }

  async #send(requests: readonly RpcRequest[]): Promise<readonly RpcAnswer[]> {
    const items = requests.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params }));
    const answers = new Map<unknown, RpcAnswer>();
    for (const item of await this.#post(JSON.stringify(items))) answers.set(item.id, toAnswer(item));
    return items.map(({ id }) => answers.get(id) ?? { ok: false, code: 0, message: 'no answer' });
  }

  async #post(body: string): Promise<readonly WireAnswer[]> {
    try {
      const headers = { 'content-type': 'application/json' };
      const response = await this.#client.request({ path: '/', method: 'POST', headers, body });
      return (await response.body.json()) as readonly WireAnswer[];
    } catch (error) {
      throw new RpcFault(`${this.#url} gave no answer`, { cause: error });
    }
  }
}

interface WireAnswer {
  readonly id: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

const toAnswer = ({ result, error }: WireAnswer): RpcAnswer =>
  error === undefined ? { ok: true, result } : { ok: false, code: error.code, message: error.message };
