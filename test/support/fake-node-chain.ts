import { createHash } from 'node:crypto';

const hex = (value: number): string => `0x${value.toString(16)}`;
const word = (seed: string): string => `0x${createHash('sha256').update(seed).digest('hex')}`;

/**
 * A chain made of plausible headers: every hash follows from the height and the branch's name, so that two fake nodes
 * on the same branch agree, and a branch given at some height changes every hash from there on.
 */
export class FakeNodeChain {
  head: number;
  readonly #genesis: string;
  #branches: { from: number; name: string }[] = [];

  constructor(head: number, genesis: string) {
    this.head = head;
    this.#genesis = genesis;
  }

  /** Puts everything from height `from` on onto another branch. */
  fork(from: number, name: string): void {
    this.#branches = [...this.#branches.filter((branch) => branch.from < from), { from, name }];
  }

  hash(number: number): string {
    const branch = this.#branches.findLast(({ from }) => from <= number)?.name ?? 'main';
    return word(`${this.#genesis}/${branch}/${number}`);
  }

  /** The block as `eth_getBlockByNumber` gives it without transactions; null above the head. */
  block(number: number): Record<string, unknown> | null {
    if (number > this.head || number < 0) return null;
    return {
      number: hex(number),
      hash: this.hash(number),
      parentHash: number === 0 ? `0x${'0'.repeat(64)}` : this.hash(number - 1),
      nonce: '0x0000000000000000',
      sha3Uncles: '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
      logsBloom: `0x${'0'.repeat(512)}`,
      transactionsRoot: '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
      stateRoot: word(`state/${this.hash(number)}`),
      receiptsRoot: '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
      miner: `0x${'0'.repeat(40)}`,
      difficulty: '0x0',
      extraData: '0x',
      gasLimit: '0x1c9c380',
      gasUsed: '0x0',
      timestamp: hex(1_700_000_000 + number * 12),
      baseFeePerGas: '0x3b9aca00',
      mixHash: word(`mix/${this.hash(number)}`),
      size: '0x21a',
      transactions: [],
      uncles: [],
    };
  }

  /** Resolves `latest`, `earliest`, `safe` … and hex numbers. */
  resolve(reference: unknown): number {
    switch (reference) {
      case 'earliest':
        return 0;
      case 'safe':
        return Math.max(0, this.head - 32);
      case 'finalized':
        return Math.max(0, this.head - 64);
      default:
        return typeof reference === 'string' && reference.startsWith('0x') ? Number(reference) : this.head;
    }
  }

  byHash(hash: unknown): Record<string, unknown> | null {
    for (let number = this.head; number >= Math.max(0, this.head - 1024); number -= 1) {
      if (this.hash(number) === hash) return this.block(number);
    }
    return null;
  }
}
