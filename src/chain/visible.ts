import type { BlockId } from '../core/call.ts';
import type { Handle, Layer } from '../core/layer.ts';
import { inclusionOf } from '../ethereum/inclusion.ts';
import type { ChainFeed, ChainView } from '../head/chain-view.ts';
import type { Clock } from '../lib/clock.ts';

const NULL = Buffer.from('null');
/** Share of a call's time for which an unpublished block is waited for. */
const PATIENCE = 0.5;
/** Times that a node is asked before nobody is taken to know of the transaction. */
const TRIES = 3;

/**
 * Keeps what nodes say of a transaction, its receipt or its traces in step with the published head. An answer from another
 * branch is refused, so that another node is asked. A node may also be a block ahead: its receipt would tell a client of a
 * state which its next read, pinned to the head, does not have yet, so it is kept back until its block is published. Where
 * that does not happen soon (the node is alone on its branch), nobody knows of it.
 */
export const visibleBlocks =
  (chain: ChainFeed, clock: Clock): Layer =>
  (next) => {
    const shown: Handle = async (call) => {
      const { accept } = call;
      const asked = {
        ...call,
        accept: (result: Buffer, upstream: string) =>
          onBranch(chain.view, inclusionOf(result)) && (accept?.(result, upstream) ?? true),
      };
      let reply = await next(asked);
      for (let tries = 1; tries < TRIES; tries += 1) {
        if (!reply.ok) return reply;
        const place = inclusionOf(reply.result);
        if (place === undefined) return reply;
        if (!reached(chain.view, place)) {
          const patience = clock.now() + (call.deadline - clock.now()) * PATIENCE;
          const published = (view: ChainView): boolean => reached(view, place);
          if (!(await chain.waitFor(published, patience, call.cancellation))) return { ...reply, result: NULL };
        }
        if (onBranch(chain.view, place)) {
          const block = Math.max(place.number, reply.info.block ?? 0);
          return { ...reply, info: { ...reply.info, block } };
        }
        reply = await next(asked);
      }
      return reply.ok && !onBranch(chain.view, inclusionOf(reply.result)) ? { ...reply, result: NULL } : reply;
    };
    return (call) => (call.spec.lookup && call.spec.block.kind === 'transaction' ? shown(call) : next(call));
  };

const reached = ({ head }: ChainView, { number }: BlockId): boolean =>
  head === undefined || head.latest.number >= number;

/** False for a block at whose height the published branch has another one. */
const onBranch = (view: ChainView, place: BlockId | undefined): boolean =>
  place === undefined || (view.hashAt(place.number) ?? place.hash) === place.hash;
