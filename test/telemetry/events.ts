import type { Call } from '../../src/core/call.ts';
import type { Failed, Outcome } from '../../src/core/outcome.ts';
import { localReply, type Reply, type ReplyInfo } from '../../src/core/reply.ts';
import { methodSpec } from '../../src/ethereum/methods.ts';
import { Cancellation } from '../../src/lib/cancellation.ts';
import type { NodePicture, Picture } from '../../src/telemetry/picture.ts';

export const aCall = (method = 'eth_call', changes: Partial<Call> = {}): Call => ({
  chain: 'mainnet',
  method,
  spec: methodSpec(method),
  params: Buffer.from('[]'),
  client: { name: 'anonymous', address: '127.0.0.1', debug: false },
  transport: 'http',
  deadline: 10_000,
  cancellation: new Cancellation(),
  head: undefined,
  minBlock: undefined,
  only: undefined,
  bypassCache: false,
  session: undefined,
  memory: undefined,
  requestId: 'request-1',
  traceparent: undefined,
  pin: undefined,
  accept: undefined,
  ...changes,
});

export const aReply = (info: Partial<ReplyInfo> = {}): Reply =>
  localReply(Buffer.from('"0x1"'), { source: 'miss', upstream: 'geth-1', attempts: 1, ...info });

export const answered = (latencyMs: number): Outcome => ({ kind: 'answered', result: Buffer.from('1'), latencyMs });

export const failed = (failure: Failed['failure'], message = 'it broke', more: Partial<Failed> = {}): Outcome => ({
  kind: 'failed',
  failure,
  message,
  error: undefined,
  raw: undefined,
  retryAfterMs: undefined,
  latencyMs: 5,
  ...more,
});

export const aNode = (name: string, changes: Partial<NodePicture> = {}): NodePicture => ({
  upstream: { name, stats: { inflight: 0 } },
  state: 'healthy',
  score: 1,
  head: 100,
  lag: 0,
  peers: 8,
  client: 'Geth/v1.16.2-stable/linux-amd64/go1.24',
  ...changes,
});

export const aPicture = (
  nodes: readonly NodePicture[] = [aNode('geth-1')],
  changes: Partial<Picture> = {},
): Picture => ({
  chains: [{ name: 'mainnet', head: { number: 100, ageSeconds: 3 }, nodes }],
  wsConnections: 0,
  ...changes,
});
