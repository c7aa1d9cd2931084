import type { Call } from '../core/call.ts';
import { inParts } from '../core/parts.ts';
import { refuse, type Reply } from '../core/reply.ts';
import { methodSpec } from '../ethereum/methods.ts';
import type { ChainFeed } from '../head/chain-view.ts';
import { cutAddresses, cutRange, inOrder, tooManyAddresses, wantedLogs, withAddresses, withRange } from './log-cuts.ts';
import { type Allowed, type LogsSize, sizeOf } from './log-limits.ts';

export interface LogsTools {
  readonly chain: ChainFeed;
  /** One node's answer; `tooLarge` where none came because of what the query asks for at once. */
  readonly read: (call: Call) => Promise<{ readonly reply: Reply; readonly tooLarge: boolean }>;
  /** The answer of nodes of higher tiers to the whole query; undefined where there are none. */
  readonly above: (call: Call) => Promise<Reply> | undefined;
  /** Everybody who can answer is known to refuse a query of this size: not worth asking. */
  readonly refused: (call: Call, size: LogsSize) => boolean;
  /** The most blocks and the most addresses that any node which can answer is known to allow. */
  readonly allowed: (call: Call) => Allowed;
  /** Bytes of a whole answer. */
  readonly mostBytes: number;
}

/** Pieces that one call may be cut into; each is an upstream call. */
const PIECES = 256;

/** Pieces under way at once; those of a piece come one after the other. */
const PARALLEL = 4;

/**
 * The answer to `eth_getLogs`, in pieces that nodes allow: cut by block, then by address; a single block that is still too
 * large is read from its receipts. Pieces never overlap, and a failing one fails the call. A higher tier is asked for what
 * the lower one does not give in pieces either.
 */
export const readLogs = (call: Call, tools: LogsTools): Promise<Reply> => {
  const size = sizeOf(call);
  if (size === undefined) return tools.read(call).then(({ reply }) => reply);
  const plan = new LogsPlan(tools);
  return plan.answer(call, size, PARALLEL).then(async (reply) => {
    const whole = plan.gaveUp ? await tools.above(call) : undefined;
    return whole?.ok ? whole : reply;
  });
};

class LogsPlan {
  readonly #tools: LogsTools;
  #pieces = 1;
  #gaveUp = false;

  constructor(tools: LogsTools) {
    this.#tools = tools;
  }

  /** The nodes asked would have answered, but not so much. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  async answer(call: Call, size: LogsSize, parallel: number): Promise<Reply> {
    const { read, refused } = this.#tools;
    if (refused(call, size)) return this.#cut(call, size, parallel);
    const { reply, tooLarge } = await read(call);
    return tooLarge || (!reply.ok && refused(call, size)) ? this.#cut(call, size, parallel) : reply;
  }

  async #cut(call: Call, size: LogsSize, parallel: number): Promise<Reply> {
    const allowed = this.#tools.allowed(call);
    if (tooManyAddresses(size, allowed)) {
      const groups = cutAddresses(size.filter, allowed.addresses);
      if (groups === undefined) return this.#receipts(call, size);
      const calls = groups.map((addresses) => withAddresses(call, addresses));
      const reply = await this.#together(call, size, calls, parallel);
      if (!reply.ok) return reply;
      const result = inOrder(reply.result);
      return result === undefined ? noLogs : { ...reply, result };
    }
    const ranges = cutRange(size.range, allowed.blocks);
    if (ranges === undefined) return this.#receipts(call, size);
    return this.#together(
      call,
      size,
      ranges.map((range) => withRange(call, range)),
      parallel,
    );
  }

  #together(call: Call, size: LogsSize, calls: readonly Call[], parallel: number): Promise<Reply> {
    this.#pieces += calls.length - 1;
    if (this.#pieces > PIECES) return Promise.resolve(this.#giveUp(call, size));
    const parts = calls.map((piece) => async (cancellation: Call['cancellation']) => {
      const own = sizeOf(piece);
      return own === undefined ? this.#giveUp(call, size) : this.answer({ ...piece, cancellation }, own, 1);
    });
    return inParts(call, parts, { parallel, mostBytes: this.#tools.mostBytes });
  }

  /** The last resort for a single block: its receipts hold all logs, and have another limit. */
  async #receipts(call: Call, size: LogsSize): Promise<Reply> {
    if (size.blocks > 1) return tooMuch(call, size);
    const number = size.range.from;
    const hash = this.#tools.chain.view.hashAt(number);
    const { reply } = await this.#tools.read({
      ...call,
      method: 'eth_getBlockReceipts',
      spec: methodSpec('eth_getBlockReceipts'),
      params: Buffer.from(JSON.stringify([`0x${number.toString(16)}`])),
      pin: hash === undefined ? undefined : { number, hash },
      minBlock: Math.max(call.minBlock ?? 0, number),
      accept: undefined,
    });
    if (!reply.ok && reply.info.orphaned) return reply;
    const logs = reply.ok ? wantedLogs(reply.result, size.filter) : undefined;
    return logs === undefined || !reply.ok ? this.#giveUp(call, size) : { ...reply, result: logs };
  }

  #giveUp(call: Call, size: LogsSize): Reply {
    this.#gaveUp = true;
    return tooMuch(call, size);
  }
}

const noLogs = refuse('upstreams_failed', 'a node answered with something else than logs');

const tooMuch = (call: Call, { range: { from }, blocks }: LogsSize): Reply => {
  const message =
    blocks === 1
      ? `block ${from} alone has more such logs than any node gives: ask for fewer addresses or topics`
      : `nodes give the logs of these ${blocks} blocks only in more than ${PIECES} pieces: ask for fewer blocks`;
  const refused = refuse('range_too_large', message, { blocks });
  return { ...refused, info: { ...refused.info, block: call.head?.latest.number } };
};
