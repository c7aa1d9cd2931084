import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Devnet } from '../../src/devnet/devnet.ts';
import { type Heartbeat, startHeartbeat } from '../../src/devnet/heartbeat.ts';
import { startDevnet } from '../../src/devnet/start-devnet.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { runEthers } from '../clients/ethers.ts';
import { runViem } from '../clients/viem.ts';
import { runWeb3 } from '../clients/web3.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

describe('client libraries, with only the URL changed', () => {
  let devnet: Devnet;
  let heartbeat: Heartbeat;
  let gateway: TestGateway;
  const faults: unknown[] = [];

  beforeAll(async () => {
    devnet = await startDevnet();
    heartbeat = await startHeartbeat(devnet, 250, systemClock, (error) => faults.push(error));
    gateway = await startGateway({
      chains: [{ upstreams: devnet.nodes.map(({ name, httpUrl }) => ({ name, url: httpUrl })) }],
    });
    await gateway.ready();
  });

  afterAll(async () => {
    await gateway.close();
    await heartbeat.close();
    await devnet.close();
    expect(faults).toEqual([]);
  });

  it.each([
    ['viem', runViem],
    ['ethers', runEthers],
    ['web3.js', runWeb3],
  ])('%s deploys, sends, waits for receipts and reads events', { timeout: 60_000 }, async (_name, run) => {
    expect(await run(gateway.url)).toMatchObject({ chainId: 31337, ticks: [1, 2] });
  });
});
