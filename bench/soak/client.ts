import { mnemonicToAccount } from 'viem/accounts';
import { keccak256 } from 'viem';
import type { Line } from './line.ts';
import type { Finished } from './oracle.ts';
import { heightToldBy, type Question, requestOf, sinkOf, transactionsToldBy, transferValue } from './questions.ts';
import { between, pick, weighted } from './random.ts';

export interface ClientDeps {
  readonly line: Line;
  readonly random: () => number;
  /** Notes what the truth is at this moment, and tells the moment. */
  readonly now: () => number;
  readonly chainId: number;
  /** The prefunded account that only this client sends from; undefined for one that only reads. */
  readonly account: number | undefined;
  /** Before a transfer is sent. */
  readonly announce: (hash: string, account: number) => void;
  /** Judges a call that is over. False for one that was not answered rightly. */
  readonly finished: (call: Finished) => boolean;
  /** A transfer that was accepted and then not mined within `patience`. */
  readonly lost: (hash: string) => void;
}

/** How long a client waits for a transfer of its own to be mined, in ms. */
const PATIENCE = 30_000;
const RECEIPT_EVERY = 300;
const KNOWN = 40;

const mnemonic = 'test test test test test test test test test test test junk';

/** What a client does, as often as this says. */
const mix = {
  height: 10,
  head: 10,
  block: 5,
  storage: 14,
  'storage-at': 6,
  call: 8,
  logs: 10,
  'latest-logs': 8,
  receipt: 8,
  transaction: 6,
  balance: 3,
  code: 2,
  batch: 8,
  write: 4,
} as const;

/** One user of the gateway: remembers what it was told, and asks on from there. */
export class Client {
  readonly #deps: ClientDeps;
  readonly #signer: ReturnType<typeof mnemonicToAccount> | undefined;
  #seen = { height: 0, at: 0 };
  readonly #known: string[] = [];
  #id = 0;
  #nonce = 0;
  #writing = false;

  constructor(deps: ClientDeps) {
    this.#deps = deps;
    const { account } = deps;
    this.#signer = account === undefined ? undefined : mnemonicToAccount(mnemonic, { addressIndex: account });
  }

  /** Does one thing of the mix; settles when it is over. */
  async act(): Promise<void> {
    const { random } = this.#deps;
    const action = weighted(random, mix);
    if (action === 'write' && this.#signer !== undefined && !this.#writing) {
      this.#writing = true;
      await this.#write(this.#signer);
      this.#writing = false;
    } else {
      await this.#ask(this.#questions(action));
    }
  }

  close(): Promise<void> {
    return this.#deps.line.close();
  }

  #questions(action: keyof typeof mix): readonly Question[] {
    const { random, account } = this.#deps;
    const { height } = this.#seen;
    const recent = between(random, Math.max(2, height - 30), Math.max(2, height));
    switch (action) {
      case 'height':
        return [{ kind: 'height' }];
      case 'block':
        return height < 2 ? [{ kind: 'head' }] : [{ kind: 'block', number: recent }];
      case 'storage':
        return [{ kind: 'count', by: 'storage', at: 'latest' }];
      case 'storage-at':
        return [{ kind: 'count', by: 'storage', at: height < 2 ? 'latest' : recent }];
      case 'call':
        return [{ kind: 'count', by: 'call', at: 'latest' }];
      case 'logs':
        if (height < 2) return [{ kind: 'height' }];
        return [{ kind: 'logs', from: recent, to: random() < 0.5 ? height : 'latest' }];
      case 'latest-logs':
        return [{ kind: 'logs', from: 'latest', to: 'latest' }];
      case 'receipt':
      case 'transaction':
        return this.#known.length === 0 ? [{ kind: 'height' }] : [{ kind: action, hash: pick(random, this.#known) }];
      case 'balance':
        return [{ kind: 'balance', account: account ?? 1 }];
      case 'code':
        return [{ kind: 'code' }];
      case 'batch':
        return [
          { kind: 'height' },
          { kind: 'head' },
          { kind: 'count', by: 'storage', at: 'latest' },
          { kind: 'count', by: 'call', at: 'latest' },
          { kind: 'logs', from: 'latest', to: 'latest' },
        ];
      default:
        return [{ kind: 'head' }];
    }
  }

  /** The results, or undefined where the call was not answered rightly. */
  async #ask(questions: readonly Question[]): Promise<readonly unknown[] | undefined> {
    const { line, now, finished } = this.#deps;
    const seen = this.#seen;
    const messages = questions.map((question) => {
      this.#id += 1;
      return { jsonrpc: '2.0', id: this.#id, ...requestOf(question) };
    });
    const startedAt = now();
    const told = await line.ask(messages.length === 1 ? messages[0] : messages).then(
      ({ json, headers }) => ({ ...read(json), block: headers['x-headgate-block'] }),
      (error: unknown) => ({ results: [], failure: String(error), block: undefined }),
    );
    const endedAt = now();
    const block = told.block === undefined ? undefined : Number(told.block);
    const call = { questions, results: told.results, failure: told.failure, startedAt, endedAt, block, seen };
    if (!finished(call)) return undefined;
    for (const [index, question] of questions.entries()) this.#learn(question, told.results[index], endedAt);
    return told.results;
  }

  #learn(question: Question, result: unknown, at: number): void {
    const height = heightToldBy(question, result);
    if (height !== undefined && height > this.#seen.height) this.#seen = { height, at };
    this.#known.push(...transactionsToldBy(question, result));
    this.#known.splice(0, Math.max(0, this.#known.length - KNOWN));
  }

  /** Sends a transfer, and looks for it everywhere that it has to be from then on. */
  async #write(signer: ReturnType<typeof mnemonicToAccount>): Promise<void> {
    const { chainId, announce, account = 0, now, lost } = this.#deps;
    const raw = await signer.signTransaction({
      chainId,
      type: 'eip1559',
      nonce: this.#nonce,
      to: sinkOf(account) as `0x${string}`,
      value: transferValue,
      gas: 21_000n,
      maxFeePerGas: 100_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
    });
    const hash = keccak256(raw);
    announce(hash, account);
    const { address } = signer;
    const sent = await this.#ask([{ kind: 'send', raw, hash }]);
    if (sent === undefined) {
      // It may or may not have arrived: the same bytes once more are the same transaction.
      await this.#ask([{ kind: 'send', raw, hash }]);
    }
    this.#nonce += 1;
    await this.#ask([{ kind: 'pending-nonce', address, least: this.#nonce }]);
    await this.#ask([{ kind: 'transaction', hash }]);
    const end = now() + PATIENCE;
    for (;;) {
      const receipt = await this.#ask([{ kind: 'receipt', hash }]);
      if (receipt !== undefined && receipt[0] !== null) break;
      if (now() > end) {
        lost(hash);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, RECEIPT_EVERY));
    }
    await this.#ask([{ kind: 'nonce', account, address: address.toLowerCase() }]);
    await this.#ask([{ kind: 'balance', account }]);
  }
}

interface Item {
  readonly result?: unknown;
  readonly error?: unknown;
}

const read = (json: unknown): { readonly results: readonly unknown[]; readonly failure: string | undefined } => {
  const items = (Array.isArray(json) ? json : [json]) as readonly Item[];
  const error = items.find((item) => item.error !== undefined)?.error;
  const failure = error === undefined ? undefined : JSON.stringify(error);
  return { results: items.map(({ result }) => result), failure };
};
