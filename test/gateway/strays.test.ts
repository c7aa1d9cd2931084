import { expect, test } from 'vitest';
import { startFakeNode, twice } from '../support/fake-node.ts';
import { rpc, startGateway } from '../support/gateway.ts';

test('what a node sends and nobody waits for is ignored, and counted in the metrics', async () => {
  const node = await startFakeNode({ head: 100 });
  node.on('eth_call', () => twice('0x2a'));
  const gateway = await startGateway({
    chains: [{ name: 'main', upstreams: [{ name: 'doubling', url: node.wsUrl }] }],
  });
  try {
    await gateway.ready();
    expect((await rpc(gateway.url, 'eth_call', [{}, 'latest'])).json).toMatchObject({ result: '0x2a' });
    await expect
      .poll(async () => (await fetch(`${gateway.opsUrl}/metrics`)).text())
      .toContain('headgate_upstream_strays_total{chain="main",upstream="doubling",kind="late_answer"} 1\n');
    expect(gateway.log.join('')).toContain('main is served by 1 upstream"');
  } finally {
    await gateway.close();
    await node.close();
  }
});
