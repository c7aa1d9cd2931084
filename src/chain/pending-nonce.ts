import type { Layer } from '../core/layer.ts';
import type { Reply } from '../core/reply.ts';
import { pendingCountOf, type RecentSends } from './sends.ts';

/**
 * Has the sender's `pending` nonce count what went through here: the node that is asked may not have heard of it, and
 * some count a transaction a moment after they took it.
 */
export const countSends =
  (sends: RecentSends): Layer =>
  (next) =>
  (call) => {
    const sender = call.only === undefined ? pendingCountOf(call) : undefined;
    return sender === undefined ? next(call) : counted(sends, sender, next(call));
  };

const counted = async (sends: RecentSends, sender: string, asked: Promise<Reply>): Promise<Reply> => {
  const reply = await asked;
  const told = reply.ok ? countIn(reply.result) : undefined;
  if (!reply.ok || told === undefined) return reply;
  const nonce = sends.nonceAfter(sender, told);
  return nonce === told ? reply : { ...reply, result: Buffer.from(`"0x${nonce.toString(16)}"`) };
};

const countIn = (result: Buffer): number | undefined => {
  const match = /^"0x([0-9a-f]{1,13})"$/i.exec(result.toString('latin1', 0, 24));
  return match?.[1] === undefined ? undefined : Number.parseInt(match[1], 16);
};
