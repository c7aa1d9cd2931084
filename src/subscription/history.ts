import type { Reply } from '../core/reply.ts';
import type { Header } from '../head/header.ts';
import type { RawJson } from '../jsonrpc/message.ts';
import type { Ask } from './ask.ts';
import type { Chain } from './chain.ts';
import type { Missing, Past } from './past.ts';
import type { Position } from './position.ts';

export interface HistoryDeps {
  readonly chain: Chain;
  readonly past: Past;
  readonly ask: Ask;
  readonly readHeader: (raw: RawJson) => Header | undefined;
}

/**
 * - `known`: the next steps from the position are known now;
 * - `gone`: every node says that it does not have a block on the way;
 * - `failed`: nobody could be asked, or not everybody, and it may work in a moment.
 */
export type Reached = 'known' | 'gone' | 'failed';

/** Headers asked for at once, for one reader. */
const CHUNK = 64;
/** Times that blocks may contradict each other before it is left for a while. */
const DOUBTS = 3;

/** Fetches the blocks between an old position and the tree: by hash downward from an orphan, and by height upward. */
export class History {
  readonly #deps: HistoryDeps;
  /** Questions under way: what many readers need is asked once. */
  readonly #asked = new Map<string, Promise<Header | 'gone' | 'failed'>>();

  constructor(deps: HistoryDeps) {
    this.#deps = deps;
  }

  /** Fetches until the next steps from `position` are known. */
  async reach(position: Position): Promise<Reached> {
    const { past } = this.#deps;
    for (let doubts = 0; doubts < DOUBTS; ) {
      const missing = past.missing(position);
      if (missing === undefined) return 'known';
      if (missing.kind === 'contradiction') {
        doubts += 1;
        past.doubt();
        continue;
      }
      const found = await this.#find(missing);
      if (found === 'doubtful') doubts += 1;
      else if (found !== 'known') return found;
    }
    return 'failed';
  }

  /** The published branch's block at a height below the head. */
  async at(number: number): Promise<Header | 'gone' | 'failed'> {
    const { view, tree } = this.#deps.chain;
    const hash = view.hashAt(number);
    const known = hash === undefined ? undefined : tree.get(hash);
    return known ?? this.#ask('eth_getBlockByNumber', `0x${number.toString(16)}`, number);
  }

  async #find(missing: Exclude<Missing, { kind: 'contradiction' }>): Promise<Reached | 'doubtful'> {
    const { past } = this.#deps;
    switch (missing.kind) {
      case 'height': {
        const header = await this.at(missing.number);
        if (typeof header === 'string') return header;
        past.publish(header);
        return 'known';
      }
      case 'block': {
        const { hash, number } = missing.block;
        const header = await this.#ask('eth_getBlockByHash', hash, number);
        if (typeof header === 'string') return header;
        if (header.hash !== hash) return 'failed';
        past.add(header);
        return 'known';
      }
      case 'above':
        return this.#climb(missing.block);
      default:
        return missing satisfies never;
    }
  }

  /** The blocks above one of the published branch; only what links is taken. */
  async #climb(join: { readonly number: number; readonly hash: string }): Promise<Reached | 'doubtful'> {
    const { past, chain } = this.#deps;
    const top = Math.min(join.number + CHUNK, (chain.tree.root?.number ?? 0) - 1);
    const numbers = Array.from({ length: Math.max(1, top - join.number) }, (_, index) => join.number + 1 + index);
    const headers = await Promise.all(numbers.map((number) => this.at(number)));
    let below = join.hash;
    let taken = 0;
    for (const header of headers) {
      if (typeof header === 'string' || (header.parentHash !== below && header.number > 0)) break;
      past.publish(header);
      below = header.hash;
      taken += 1;
    }
    if (taken > 0) return 'known';
    const [first] = headers;
    if (first === 'gone' || first === 'failed') return first;
    past.doubt();
    return 'doubtful';
  }

  #ask(method: string, block: string, number: number): Promise<Header | 'gone' | 'failed'> {
    const key = `${method} ${block}`;
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    const answer = this.#put(method, block, number);
    this.#asked.set(key, answer);
    void answer.then(() => this.#asked.delete(key));
    return answer;
  }

  async #put(method: string, block: string, number: number): Promise<Header | 'gone' | 'failed'> {
    const { ask, readHeader } = this.#deps;
    const reply: Reply = await ask({ method, params: [block, false] });
    if (!reply.ok) return 'failed';
    const header = readHeader(reply.result);
    if (header === undefined) return 'gone';
    return header.number === number ? header : 'failed';
  }
}
