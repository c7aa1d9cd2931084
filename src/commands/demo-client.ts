import { tickerAddress, tickTopic } from '../devnet/ticker-contract.ts';
import type { Clock, Timer } from '../lib/clock.ts';

/** What the client has seen so far. */
export interface ClientView {
  /** The newest block number that it was told, or undefined before the first answer. */
  readonly block: number | undefined;
  /** The number in the newest event that it was given. */
  readonly tick: number | undefined;
  readonly succeeded: number;
  readonly failed: number;
}

/** A client that goes on asking. */
export interface DemoClient {
  close(): void;
}

const patienceMs = 15_000;

/**
 * Asks for the block number and for the newest events every `everyMs`, as any dApp would, and counts what came of it.
 * `onBlock` runs whenever the block number is another one than before.
 */
export const startDemoClient = (
  url: string,
  everyMs: number,
  clock: Clock,
  onBlock: (view: ClientView) => void,
): DemoClient => {
  let view: ClientView = { block: undefined, tick: undefined, succeeded: 0, failed: 0 };
  let closed = false;
  let timer: Timer | undefined;

  const count = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const result = await ask(url, method, params);
    const part = result === undefined ? { failed: view.failed + 1 } : { succeeded: view.succeeded + 1 };
    view = { ...view, ...part };
    return result;
  };
  const round = async (): Promise<void> => {
    const before = view.block;
    const height = await count('eth_blockNumber', []);
    if (typeof height === 'string') view = { ...view, block: Number(height) };
    const fromBlock = `0x${Math.max(0, (view.block ?? 0) - 8).toString(16)}`;
    const logs = await count('eth_getLogs', [{ address: tickerAddress, topics: [tickTopic], fromBlock }]);
    view = { ...view, tick: newestTick(logs) ?? view.tick };
    if (closed) return;
    if (view.block !== before) onBlock(view);
    timer = clock.after(everyMs, () => void round());
  };
  void round();
  return {
    close: () => {
      closed = true;
      timer?.cancel();
    },
  };
};

/** The result, or undefined where the call failed in any way. */
const ask = async (url: string, method: string, params: readonly unknown[]): Promise<unknown> => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(patienceMs),
    });
    return ((await response.json()) as { readonly result?: unknown }).result;
  } catch {
    return undefined;
  }
};

const newestTick = (logs: unknown): number | undefined => {
  const topic = Array.isArray(logs) ? (logs as { topics: readonly string[] }[]).at(-1)?.topics[1] : undefined;
  return topic === undefined ? undefined : Number(topic);
};
