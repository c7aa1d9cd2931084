import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answerWithStatus,
  type Behaviour,
  closeMidBody,
  contentLengthTooLong,
  endless,
  type FakeNode,
  gzipBomb,
  hang,
  html200,
  huge,
  missingId,
  notJson,
  rateLimited,
  redirect,
  reset,
  rpcError,
  startFakeNode,
  status,
  truncated,
  twice,
  wrongId,
} from '../support/fake-node.ts';
import { rpc, startGateway, type TestGateway } from '../support/gateway.ts';

let asked = 0;

/** A call that nobody has made before, so that no answer to it is known. */
const ask = (gateway: TestGateway) => {
  asked += 1;
  return rpc(gateway.url, 'eth_call', [{ data: `0x${asked.toString(16).padStart(8, '0')}` }, 'latest']);
};

const anywhere: Readonly<Record<string, () => Behaviour>> = {
  'never answers': hang,
  'closes the connection': reset,
  'answers with the wrong id': () => wrongId(),
  'answers without an id': () => missingId(),
  'answers what is no JSON': () => notJson(),
  'answers with half a JSON text': () => truncated(),
  'answers with more than the limit': () => huge(3 * 1024 * 1024),
};

const overHttp: Readonly<Record<string, () => Behaviour>> = {
  ...anywhere,
  'closes in the middle of the body': () => closeMidBody(),
  'announces more than it sends': () => contentLengthTooLong(),
  'sends a body that never ends': endless,
  'sends a gzip bomb': () => gzipBomb(200 * 1024 * 1024),
  'sends HTML with 200': html200,
  redirects: () => redirect('http://127.0.0.1:1/'),
  'says 502': () => status(502, '<html>bad gateway</html>'),
  'says 429': () => rateLimited('1'),
};

/** A good node, and one that answers probes well and `eth_call` badly, behind one gateway. */
const pairs = (['http', 'ws', 'ipc'] as const).map((transport) => ({
  transport,
  behaviours: Object.entries(transport === 'http' ? overHttp : anywhere),
}));

describe.each(pairs)('a node that is asked by $transport', ({ transport, behaviours }) => {
  let good: FakeNode;
  let hostile: FakeNode;
  let gateway: TestGateway;

  beforeAll(async () => {
    good = await startFakeNode({ head: 100 });
    hostile = await startFakeNode({ head: 100, ipc: true, ws: transport !== 'http' });
    good.on('eth_call', () => '0x600d');
    const url = { http: hostile.url, ws: hostile.wsUrl, ipc: hostile.ipcUrl }[transport];
    gateway = await startGateway({
      server: { limits: { responseSize: '1MiB' } },
      chains: [
        {
          upstreams: [
            { name: 'hostile', url, weight: 1000 },
            { name: 'good', url: good.url },
          ],
          routing: { timeout: '20s', attemptTimeout: '1s' },
          health: { interval: '200ms', missed: 50 },
        },
      ],
    });
    await gateway.ready();
  });

  afterAll(async () => {
    await gateway.close();
    await Promise.all([good.stop(), hostile.stop()]);
  });

  it.each(behaviours)('and %s costs the client nothing but time', async (_what, behaviour) => {
    hostile.on('eth_call', () => behaviour());
    for (let round = 0; round < 3; round += 1) {
      const { json } = await ask(gateway);
      expect(json).toEqual({ jsonrpc: '2.0', id: 1, result: '0x600d' });
    }
  });

  it('and answers twice is heard once', async () => {
    hostile.on('eth_call', () => twice('0x600d'));
    for (let round = 0; round < 3; round += 1) {
      expect((await ask(gateway)).json.result).toBe('0x600d');
    }
  });

  it('and errs on its own is not believed, while one that states the client’s own fault is', async () => {
    if (transport === 'http') {
      hostile.on('eth_call', () => answerWithStatus(500, rpcError(3, 'execution reverted')));
      good.on('eth_call', () => rpcError(3, 'execution reverted'));
      expect((await ask(gateway)).json.error.code).toBe(3);
      good.on('eth_call', () => '0x600d');
    }
    hostile.on('eth_call', () => rpcError(-32603, 'internal error'));
    expect((await ask(gateway)).json.result).toBe('0x600d');
  });
});

describe('a pool without a node that answers', () => {
  it('says so within the time a call may take', async () => {
    await using node = await startFakeNode();
    await using gateway = await startGateway({
      chains: [
        { upstreams: [{ name: 'only', url: node.url }], routing: { timeout: '500ms', attemptTimeout: '200ms' } },
      ],
    });
    await gateway.ready();
    node.on('eth_call', () => hang());
    const { status: code, json } = await rpc(gateway.url, 'eth_call', [{}, 'latest']);
    expect(code).toBe(504);
    expect(json.error).toMatchObject({ code: -32002, data: { reason: 'timeout' } });
  });

  it('says what the node said where that is an error', async () => {
    await using node = await startFakeNode();
    await using gateway = await startGateway({ chains: [{ upstreams: [{ name: 'only', url: node.url }] }] });
    await gateway.ready();
    node.on('eth_call', () => rpcError(-32000, 'some words that nobody has met before'));
    const { status: code, json } = await rpc(gateway.url, 'eth_call', [{}, 'latest']);
    expect(code).toBe(200);
    expect(json.error).toEqual({ code: -32000, message: 'some words that nobody has met before' });
  });

  it('waits for one that turns calls away for a while, however often within the time', async () => {
    await using node = await startFakeNode();
    await using gateway = await startGateway({
      chains: [{ upstreams: [{ name: 'only', url: node.url, calls: 'http' }] }],
    });
    await gateway.ready();
    node.on('eth_call', () => '0x600d');
    for (let times = 0; times < 6; times += 1) node.once('eth_call', () => rateLimited('0'));
    expect((await ask(gateway)).json.result).toBe('0x600d');
  });

  it('is told from a node of another chain, which is never asked', async () => {
    await using stranger = await startFakeNode({ chainId: 99, genesis: 'other' });
    await using gateway = await startGateway({
      chains: [{ id: 1337, upstreams: [{ name: 'stranger', url: stranger.url }], routing: { timeout: '400ms' } }],
    });
    const { status: code, json } = await rpc(gateway.url, 'eth_call', [{}, 'latest']);
    expect(code).toBe(503);
    expect(json.error).toMatchObject({ code: -32002, data: { reason: 'no_upstream' } });
    expect(stranger.requests.filter(({ method }) => method === 'eth_call')).toEqual([]);
    const ready = await fetch(`${gateway.opsUrl}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain('wrong_chain');
  });
});
