import { tickerAddress } from '../../src/devnet/ticker-contract.ts';
import { type Question, requestOf } from '../soak/questions.ts';
import { between, pick, weighted } from '../soak/random.ts';

/** What is asked, and how an answer to it is judged; undefined for what only has to be answered. */
export interface Inquiry {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly question: Question | undefined;
}

/** What a wallet knows of the chain when it asks. */
export interface Known {
  /** The newest height that it has heard of. */
  readonly height: number;
  /** Hashes of ticks that it has heard of. */
  readonly ticks: readonly string[];
}

/** Chooses what is asked next. */
export type Mix = (random: () => number, known: Known) => Inquiry;

/** Contracts' values that every wallet shows. */
const SHARED = 20;
/** Ranges of old logs that every wallet shows. */
const RANGES = 10;
const RANGE = 8;
/** Blocks below the head among which a wallet looks. */
const RECENT = 5;

const weights = { chain: 10, height: 20, shared: 40, head: 10, block: 8, receipt: 6, logs: 6 } as const;

const asked = (question: Question): Inquiry => ({ ...requestOf(question), question });

/** The number of ticks, by one of many calls that differ in what the contract does not look at. */
const shared = (which: number): Inquiry => ({
  method: 'eth_call',
  params: [{ to: tickerAddress, data: `0x06661abd${which.toString(16).padStart(64, '0')}` }, 'latest'],
  question: { kind: 'count', by: 'call', at: 'latest' },
});

/** What a wallet asks all day. */
export const walletMix: Mix = (random, { height, ticks }) => {
  const action = weighted(random, weights);
  switch (action) {
    case 'chain':
      return { method: 'eth_chainId', params: [], question: undefined };
    case 'height':
      return asked({ kind: 'height' });
    case 'shared':
      return shared(between(random, 1, SHARED));
    case 'head':
      return asked({ kind: 'head' });
    case 'block':
      return asked(height < RECENT ? { kind: 'head' } : { kind: 'block', number: height - between(random, 0, RECENT) });
    case 'receipt':
      return ticks.length === 0 ? asked({ kind: 'height' }) : asked({ kind: 'receipt', hash: pick(random, ticks) });
    case 'logs': {
      const from = 2 + RANGE * between(random, 0, RANGES - 1);
      return asked({ kind: 'logs', from, to: from + RANGE - 1 });
    }
  }
};

/** What does not change any more, and no wallet asks for: blocks and logs of the past. */
export const history: readonly Inquiry[] = [
  ...Array.from({ length: 60 }, (_, index) => asked({ kind: 'block', number: 2 + index })),
  ...Array.from({ length: RANGES }, (_, index) => {
    const from = 5 + RANGE * index;
    return asked({ kind: 'logs', from, to: from + RANGE - 1 });
  }),
];

/** All ask for the same. */
export const sameMix: Mix = () => shared(1);

/** Nothing is asked twice. */
export const uniqueMix: Mix = (random) => shared(between(random, SHARED + 1, Number.MAX_SAFE_INTEGER - SHARED));
