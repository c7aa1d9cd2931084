import type { Outcome } from '../core/outcome.ts';
import type { Ask, HttpTransport } from './http-transport.ts';
import type { SocketSession } from './socket-session.ts';

const ask: Ask = { method: 'eth_chainId', params: Buffer.from('[]'), heavy: false, client: 'other', own: true };

/**
 * Whether a node's HTTP and its socket answer for the same chain. They are two addresses, and may be two nodes: what is
 * known of one must not be believed of the other before. Undefined where one of them did not answer.
 */
export const sameChain = async (
  http: Pick<HttpTransport, 'call'>,
  session: Pick<SocketSession, 'call'>,
  timeoutMs: number,
): Promise<boolean | undefined> => {
  const answer = (from: typeof http | typeof session): Promise<Outcome> =>
    new Promise((resolve) => {
      from.call(ask, timeoutMs, resolve);
    });
  const [one, other] = await Promise.all([answer(http), answer(session)]);
  if (one.kind !== 'answered' || other.kind !== 'answered') return undefined;
  return one.result.equals(other.result);
};
