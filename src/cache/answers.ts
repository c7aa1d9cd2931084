import type { BlockId } from '../core/call.ts';
import type { Reply } from '../core/reply.ts';
import { inclusionOf } from '../ethereum/inclusion.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import { type Branch, type BranchView, isFinal } from './branch.ts';
import type { Identity } from './cache-key.ts';
import type { KeptAnswer, MemoryStore } from './memory-store.ts';
import { Undone } from './undone.ts';

/** The longest of `[]`, `{}` and `""`. */
const EMPTY = 2;
const NULL = Buffer.from('null');

/** What may be kept of an identity's answers. */
export type Lasting = Exclude<Identity, { kind: 'passing' }>;

/** One chain's answers in the store, and the rules by which they come in and go out. */
export class Answers {
  readonly #name: string;
  readonly #branch: Branch;
  readonly #store: MemoryStore;
  readonly #undone = new Undone();
  /** Counts the times that the chain turned out to be another one than was thought. */
  #era = 0;
  /** The store's age at which it last did. */
  #begunAt = 0;

  constructor(name: string, branch: Branch, store: MemoryStore) {
    this.#name = name;
    this.#branch = branch;
    this.#store = store;
  }

  /** To be taken when a question is asked, and given with its answer. */
  get age(): number {
    return this.#store.age;
  }

  /** An answer that is true on the published branch of this moment. */
  read(identity: Lasting): KeptAnswer | undefined {
    if (this.#wasUndone(identity)) return undefined;
    const key = this.#keyOf(identity);
    const answer = this.#store.get(key);
    if (answer === undefined || answer.block === undefined) return answer;
    const standing = this.#standingOf(answer.block, answer.settled);
    if (standing === 'lost') {
      this.#store.delete(key);
      return undefined;
    }
    if (standing === 'final' && !answer.settled) this.#store.set(key, { ...answer, settled: true });
    return answer;
  }

  /** Keeps a node's answer if nothing can make it false; returns it as it was kept. */
  keep(identity: Lasting, reply: Reply, askedAt: number): KeptAnswer | undefined {
    if (!reply.ok || reply.info.orphaned) return undefined;
    const { result, info } = reply;
    const about = this.#about(identity, result);
    if (about === undefined) return undefined;
    return this.put(identity, { result, upstream: info.upstream, askedAt, ...about });
  }

  /** Keeps an answer that another replica has kept, if it is true on this one's branch. */
  put(identity: Lasting, answer: KeptAnswer): KeptAnswer | undefined {
    const { block, settled, result } = answer;
    if (this.#wasUndone(identity) || answer.askedAt < this.#begunAt) return undefined;
    if (identity.kind === 'lasting' ? hasty(identity, result) : block === undefined) return undefined;
    if (block !== undefined && this.#standingOf(block, settled) === 'lost') return undefined;
    if (this.#store.outlived(answer)) return undefined;
    this.#store.set(this.#keyOf(identity), answer);
    return answer;
  }

  /** A block was taken off the published branch: what was read there is not given again, though the block come back. */
  undone(hash: string): void {
    this.#undone.add(hash);
  }

  /** The chain is not the one that was thought: nothing that was said of it holds. */
  startOver(): void {
    this.#era += 1;
    this.#store.turn();
    this.#begunAt = this.#store.age;
  }

  #wasUndone(identity: Lasting): boolean {
    return identity.kind === 'lasting' && identity.block !== undefined && this.#undone.has(identity.block);
  }

  #standingOf(block: BlockId, settled: boolean): Standing {
    return this.#undone.has(block.hash) ? 'lost' : standingOf(this.#branch.view, block, settled);
  }

  #keyOf({ key }: Lasting): string {
    return `${this.#name} ${this.#era} ${key}`;
  }

  /** Undefined for an answer that may become another one. */
  #about(
    identity: Lasting,
    result: RawJson,
  ): { readonly block: BlockId | undefined; readonly settled: boolean } | undefined {
    if (result.equals(NULL)) return undefined;
    if (identity.kind === 'lasting') return hasty(identity, result) ? undefined : { block: undefined, settled: false };
    const block = inclusionOf(result);
    if (block === undefined) return undefined;
    // A block that is not remembered is taken at its word only where no other can be at its height any more.
    return { block, settled: isFinal(this.#branch.view, block.number) };
  }
}

/** An empty answer may be a node's ignorance, which passes; only time tells. */
const hasty = ({ final }: Extract<Lasting, { kind: 'lasting' }>, result: RawJson): boolean =>
  result.length <= EMPTY && !final;

type Standing = 'lost' | 'published' | 'final';

/**
 * Where a block stands now: `lost` where another one is at its height, or where it is not remembered and was not final when
 * it last was. One that another replica has seen to be final may still be above this one's head.
 */
const standingOf = (view: BranchView, block: BlockId, settled: boolean): Standing => {
  const published = view.hashAt(block.number);
  const final = isFinal(view, block.number);
  if (published === undefined) return settled && final ? 'final' : 'lost';
  if (published !== block.hash) return 'lost';
  return final ? 'final' : 'published';
};
