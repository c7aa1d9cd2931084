import { parseBloom } from '../ethereum/bloom.ts';
import type { Header } from '../head/header.ts';
import type { Matcher } from './matcher.ts';

interface Facts {
  /** Undefined where it tells nothing. */
  readonly bloom: Uint8Array | undefined;
  /** Nothing happened in the block that could have logged. */
  readonly idle: boolean;
}

const nothing: Facts = { bloom: undefined, idle: false };

/** Root of a trie without entries: the receipts of a block that has no transactions. */
const NO_RECEIPTS = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

/** A chain that makes no blooms may set every bit of them; logs that set as many would be told by two nodes just as well. */
const telling = (bloom: Uint8Array | undefined): Uint8Array | undefined =>
  bloom?.every((byte) => byte === 0xff) ? undefined : bloom;

/**
 * What headers tell of their logs, and how far this chain's blooms are to be believed. Some chains leave them empty, and
 * some leave out logs of the system: an empty bloom says nothing until one has been seen that is not, and none says
 * anything once logs were found that it does not know.
 */
export class BlockFacts {
  readonly #believed: (header: Header) => Header | undefined;
  readonly #known = new WeakMap<Header, Facts>();
  #trust: 'unproven' | 'trusted' | 'untrusted' = 'unproven';

  /** `believed`: what is known to be true of a header's block by now; a header that a liar told must not hide logs. */
  constructor(believed: (header: Header) => Header | undefined) {
    this.#believed = believed;
  }

  /** An empty bloom means that there are no logs. */
  get trusted(): boolean {
    return this.#trust === 'trusted';
  }

  bloom(header: Header): Uint8Array | undefined {
    return this.#of(header).bloom;
  }

  /** False if the block certainly has no logs. */
  mayHaveLogs(header: Header): boolean {
    const { bloom, idle } = this.#of(header);
    if (idle) return false;
    return bloom === undefined || !this.trusted || bloom.some((byte) => byte !== 0);
  }

  /** False if the block certainly has nothing for this query. */
  mayMatch(header: Header, { from, to, mayMatch }: Matcher): boolean {
    if (header.number < from || header.number > to || !this.mayHaveLogs(header)) return false;
    const { bloom } = this.#of(header);
    return bloom === undefined || !this.trusted || mayMatch(bloom);
  }

  /** Logs were found that their block's bloom does not know. */
  distrust(): void {
    this.#trust = 'untrusted';
  }

  #of(told: Header): Facts {
    const header = this.#believed(told);
    if (header === undefined) return nothing;
    const known = this.#known.get(header);
    if (known !== undefined) return known;
    const { logsBloom, receiptsRoot } = JSON.parse(header.raw.toString()) as Readonly<Record<string, unknown>>;
    const facts = { bloom: telling(parseBloom(logsBloom)), idle: receiptsRoot === NO_RECEIPTS };
    this.#known.set(header, facts);
    if (this.#trust === 'unproven' && facts.bloom?.some((byte) => byte !== 0)) this.#trust = 'trusted';
    return facts;
  }
}
