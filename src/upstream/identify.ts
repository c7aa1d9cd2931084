import type { Outcome } from '../core/outcome.ts';
import { shortValue } from '../jsonrpc/short-value.ts';
import type { Identity, Upstream, UpstreamRequest } from './upstream.ts';

const question = (method: string, params = '[]'): UpstreamRequest => ({
  method,
  params: Buffer.from(params),
  heavy: false,
});

const questions = [
  question('eth_chainId'),
  question('eth_getBlockByNumber', '["0x0",false]'),
  question('web3_clientVersion'),
];

const valueOf = (outcome: Outcome | undefined): unknown =>
  outcome?.kind === 'answered' ? shortValue(outcome.result) : undefined;

const hexNumber = /^0x[0-9a-f]{1,64}$/i;
const blockHash = /^0x[0-9a-f]{64}$/i;

const genesisOf = (block: unknown): string | undefined => {
  const hash = typeof block === 'object' && block !== null && 'hash' in block ? block.hash : undefined;
  return typeof hash === 'string' && blockHash.test(hash) ? hash.toLowerCase() : undefined;
};

const why = (outcome: Outcome | undefined): string => {
  if (outcome?.kind === 'failed') return outcome.message;
  if (outcome?.kind === 'refused') return `eth_chainId was refused: ${outcome.error.message}`;
  return 'eth_chainId was not answered with a number';
};

/**
 * Asks a node in one combined request what it is. Only the chain id has to be answered: a provider may hide its version,
 * and a node without history its genesis.
 */
export const identify = async (
  upstream: Pick<Upstream, 'probe'>,
  timeoutMs: number,
): Promise<Identity | { readonly failed: string }> => {
  const [chainId, genesis, client] = await upstream.probe(questions, timeoutMs);
  const id = valueOf(chainId);
  if (typeof id !== 'string' || !hexNumber.test(id)) return { failed: why(chainId) };
  const version = valueOf(client);
  return {
    chainId: BigInt(id),
    genesis: genesisOf(valueOf(genesis)),
    client: typeof version === 'string' ? version : '',
  };
};
