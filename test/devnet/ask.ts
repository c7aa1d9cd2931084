import type { DevnetNode } from '../../src/devnet/chain-node.ts';

/** A client's call to one node. Rejects with the node's message for an error answer, and where there is no answer. */
export const ask = async (node: DevnetNode, method: string, ...params: readonly unknown[]): Promise<unknown> => {
  const response = await fetch(node.httpUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (answer.error !== undefined) throw new Error(answer.error.message);
  return answer.result;
};

interface Position {
  readonly number: number;
  readonly hash: string;
}

export const blockOf = async (node: DevnetNode, block: number | 'latest'): Promise<Position> => {
  const tag = typeof block === 'number' ? `0x${block.toString(16)}` : block;
  const answer = (await ask(node, 'eth_getBlockByNumber', tag, false)) as { number: string; hash: string };
  return { number: Number(answer.number), hash: answer.hash };
};

export const headOf = (node: DevnetNode): Promise<Position> => blockOf(node, 'latest');

export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
