import type { Handle, Layer } from '../core/layer.ts';
import type { ChainFeed } from '../head/chain-view.ts';
import type { Clock } from '../lib/clock.ts';

const NULL = Buffer.from('null');

/**
 * A node may be a block ahead of the published head. Its receipt for that block would tell a client of a state which
 * its next read, pinned to the head, does not have yet: so the answer to a question by transaction hash is kept back
 * until its block is published. Where that does not happen soon (the node is alone on its branch), nobody knows of it.
 */
export const visibleBlocks =
  (chain: ChainFeed, clock: Clock): Layer =>
  (next) => {
    const shown: Handle = async (call) => {
      const reply = await next(call);
      if (!reply.ok) return reply;
      const number = blockNumberOf(reply.result);
      const head = chain.view.head;
      if (number === undefined || head === undefined || number <= head.latest.number) return reply;
      const published = await chain.waitFor(
        (view) => (view.head?.latest.number ?? 0) >= number,
        clock.now() + (call.deadline - clock.now()) * PATIENCE,
        call.cancellation,
      );
      return published ? { ...reply, info: { ...reply.info, block: number } } : { ...reply, result: NULL };
    };
    return (call) => (call.spec.lookup && call.spec.block.kind === 'transaction' ? shown(call) : next(call));
  };

/** Share of a call's time for which an unpublished block is waited for. */
const PATIENCE = 0.5;

/** Height of the block that a transaction or receipt says it is in. */
const blockNumberOf = (result: Buffer): number | undefined => {
  const at = result.indexOf('"blockNumber"');
  if (at === -1) return undefined;
  const match = /^"blockNumber"\s*:\s*"0x([0-9a-f]{1,13})"/i.exec(result.toString('latin1', at, at + 64));
  return match?.[1] === undefined ? undefined : Number.parseInt(match[1], 16);
};
