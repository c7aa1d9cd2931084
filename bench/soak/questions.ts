import { tickerAddress, tickTopic } from '../../src/devnet/ticker-contract.ts';
import type { Chronicle, Fact } from './chronicle.ts';

/** What a client asks. Heights are numbers; `latest` is left to the gateway. */
export type Question =
  | { readonly kind: 'height' }
  | { readonly kind: 'head' }
  | { readonly kind: 'block'; readonly number: number }
  | { readonly kind: 'count'; readonly by: 'storage' | 'call'; readonly at: number | 'latest' }
  | { readonly kind: 'logs'; readonly from: number | 'latest'; readonly to: number | 'latest' }
  | { readonly kind: 'receipt'; readonly hash: string }
  | { readonly kind: 'transaction'; readonly hash: string }
  | { readonly kind: 'balance'; readonly account: number }
  | { readonly kind: 'nonce'; readonly account: number; readonly address: string }
  | { readonly kind: 'pending-nonce'; readonly address: string; readonly least: number }
  | { readonly kind: 'code' }
  | { readonly kind: 'send'; readonly raw: string; readonly hash: string };

/** What each transfer is worth, in wei. */
export const transferValue = 1_000_000_000n;

/** Where an account's transfers go: nobody else pays there, so the balance counts them. */
export const sinkOf = (account: number): string => `0x51${account.toString(16).padStart(38, '0')}`;

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;
const blockName = (at: number | 'latest'): string => (at === 'latest' ? at : hex(at));
const countData = '0x06661abd';

/** The JSON-RPC call that asks it. */
export const requestOf = (question: Question): { readonly method: string; readonly params: readonly unknown[] } => {
  switch (question.kind) {
    case 'height':
      return { method: 'eth_blockNumber', params: [] };
    case 'head':
      return { method: 'eth_getBlockByNumber', params: ['latest', false] };
    case 'block':
      return { method: 'eth_getBlockByNumber', params: [hex(question.number), false] };
    case 'count':
      return question.by === 'storage'
        ? { method: 'eth_getStorageAt', params: [tickerAddress, '0x0', blockName(question.at)] }
        : { method: 'eth_call', params: [{ to: tickerAddress, data: countData }, blockName(question.at)] };
    case 'logs': {
      const range = { fromBlock: blockName(question.from), toBlock: blockName(question.to) };
      return { method: 'eth_getLogs', params: [{ address: tickerAddress, topics: [tickTopic], ...range }] };
    }
    case 'receipt':
      return { method: 'eth_getTransactionReceipt', params: [question.hash] };
    case 'transaction':
      return { method: 'eth_getTransactionByHash', params: [question.hash] };
    case 'balance':
      return { method: 'eth_getBalance', params: [sinkOf(question.account), 'latest'] };
    case 'nonce':
      return { method: 'eth_getTransactionCount', params: [question.address, 'latest'] };
    case 'pending-nonce':
      return { method: 'eth_getTransactionCount', params: [question.address, 'pending'] };
    case 'code':
      return { method: 'eth_getCode', params: [tickerAddress, 'latest'] };
    case 'send':
      return { method: 'eth_sendRawTransaction', params: [question.raw] };
    default:
      return question satisfies never;
  }
};

type Fields = Readonly<Record<string, unknown>>;

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Fields)[name] : undefined;

/** What the truth answers where `head` is the newest block; undefined where that is not one exact value. */
export const truthOf = (question: Question, head: Fact, chronicle: Chronicle): unknown => {
  const at = (place: number | 'latest'): Fact | undefined =>
    place === 'latest' ? head : chronicle.ancestor(head, place);
  switch (question.kind) {
    case 'height':
      return hex(head.number);
    case 'head':
      return head.hash;
    case 'block':
      return at(question.number)?.hash ?? null;
    case 'count': {
      const fact = at(question.at);
      return fact && word(fact.count);
    }
    case 'logs':
      return logsBetween(question, head, chronicle);
    case 'receipt':
      return chronicle.inclusion(head, question.hash)?.hash ?? null;
    case 'transaction':
      return chronicle.inclusion(head, question.hash)?.hash ?? 'pending';
    case 'balance':
      return hex(BigInt(head.sent[question.account] ?? 0) * transferValue);
    case 'nonce':
      return hex(head.sent[question.account] ?? 0);
    case 'pending-nonce':
      return hex(question.least);
    case 'code':
      return 'code';
    case 'send':
      return question.hash;
    default:
      return question satisfies never;
  }
};

type Logs = Extract<Question, { kind: 'logs' }>;

/** `block hash:transaction:log index:number` of every tick, in order; undefined for a range beyond the head. */
const logsBetween = ({ from, to }: Logs, head: Fact, chronicle: Chronicle): readonly string[] | undefined => {
  const first = from === 'latest' ? head.number : from;
  const last = to === 'latest' ? head.number : to;
  if (last > head.number) return undefined;
  const logs: string[] = [];
  for (let number = first; number <= last; number++) {
    const fact = chronicle.ancestor(head, number);
    const before = (fact?.count ?? 0) - (fact?.ticks.length ?? 0);
    for (const [index, hash] of fact?.ticks.entries() ?? []) {
      logs.push([fact?.hash, hash, hex(index), word(before + index + 1)].join(':'));
    }
  }
  return logs;
};

/** What of an answer is compared with the truth, in the truth's own form. */
export const essence = (question: Question, result: unknown): unknown => {
  switch (question.kind) {
    case 'head':
    case 'block':
      return result === null ? null : field(result, 'hash');
    case 'receipt':
      return result === null ? null : field(result, 'blockHash');
    case 'transaction':
      return result === null ? null : (field(result, 'blockHash') ?? 'pending');
    case 'logs':
      return Array.isArray(result) ? result.map(logEssence) : result;
    case 'code':
      return typeof result === 'string' && result.length > 100 ? 'code' : result;
    default:
      return result;
  }
};

const logEssence = (log: unknown): string => {
  const topics = field(log, 'topics');
  const number: unknown = Array.isArray(topics) ? topics[1] : undefined;
  return [field(log, 'blockHash'), field(log, 'transactionHash'), field(log, 'logIndex'), number].join(':');
};

/** The newest height that the client has now heard of; undefined where the answer tells none. */
export const heightToldBy = (question: Question, result: unknown): number | undefined => {
  switch (question.kind) {
    case 'height':
      return Number(result);
    case 'head':
      return Number(field(result, 'number'));
    case 'receipt': {
      const number = field(result, 'blockNumber');
      return typeof number === 'string' ? Number(number) : undefined;
    }
    case 'logs':
      return Array.isArray(result) && result.length > 0 ? Number(field(result.at(-1), 'blockNumber')) : undefined;
    default:
      return undefined;
  }
};

/** Transactions that a client has seen mined, by this answer. */
export const transactionsToldBy = (question: Question, result: unknown): readonly string[] =>
  question.kind === 'logs' && Array.isArray(result)
    ? result.map((log) => field(log, 'transactionHash')).filter((hash) => typeof hash === 'string')
    : [];
