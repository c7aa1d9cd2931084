import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { localReply } from '../../src/core/reply.ts';
import { bloomTest } from '../../src/ethereum/bloom.ts';
import type { Header } from '../../src/head/header.ts';
import type { Chain } from '../../src/subscription/chain.ts';
import { LogStore } from '../../src/subscription/log-store.ts';
import { LogSupply } from '../../src/subscription/log-supply.ts';
import type { Matcher } from '../../src/subscription/matcher.ts';
import { headerOf } from '../head/tree-of.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ScriptedChain, ticker } from '../support/scripted-chain.ts';
import { bloomOf, hashOf } from '../support/scripted-header.ts';

const system = `0x${'5e'.repeat(20)}`;
const scripted = new ScriptedChain();
const block = scripted.mine(scripted.genesis, {
  logs: [
    { address: ticker.address, topics: [ticker.topic] },
    { address: system, topics: [hashOf('system')] },
  ],
});
const withBloom = (logsBloom: string): Header => ({
  ...headerOf(block),
  raw: Buffer.from(JSON.stringify({ ...block.header, logsBloom })),
});
const matcher = (address: string): Matcher => {
  const filter = { addresses: new Set([address]), topics: [] };
  return { key: address, filter, from: 0, to: Number.POSITIVE_INFINITY, mayMatch: bloomTest(filter) };
};

/** A supply for a chain that keeps this one block; two nodes answer alike for its logs. */
const supplyOf = (kept: Header) => {
  const chain = {
    believes: () => chain.believed,
    believed: false,
    sightedAt: Number.NEGATIVE_INFINITY,
    tree: { get: () => kept, sightedAt: () => chain.sightedAt },
    view: { nodes: [], numberOf: () => kept.number, canonical: () => true },
  };
  const clock = new FakeClock();
  const shared = { chain: chain as unknown as Chain, clock };
  let asked = 0;
  const bounds = { blocks: 16, bytes: 1_000_000 };
  const store = new LogStore(
    { kept: bounds, passing: bounds, retry: { initial: 100, max: 1000 }, parallel: 4, patienceMs: 1000, tellersMs: 50 },
    {
      ...shared,
      random: () => 0.5,
      report: { recovered: () => {}, streamed: () => {} },
      ask: async ({ accept }) => {
        asked += 1;
        const logs = Buffer.from(JSON.stringify(block.logs));
        for (const source of ['a', 'b']) accept?.(logs, source);
        return localReply(logs);
      },
    },
  );
  const arrival = Promise.withResolvers<void>();
  const options = { ahead: 4, orphanMs: 1000 };
  const supply = new LogSupply(options, { ...shared, store, listening: () => true, arrived: () => arrival.resolve() });
  return { chain, clock, supply, arrived: arrival.promise, asked: () => asked };
};

describe('the supply of logs', () => {
  it('has those that were found while the header was not believed, also where it does not speak of them', async () => {
    const header = withBloom(bloomOf(block.logs.slice(0, 1)));
    const { chain, supply, arrived } = supplyOf(header);
    const step = { kind: 'apply', header, from: 0 } as const;
    expect(supply.select(step, matcher(system))).toBe('fetching');
    await arrived;
    chain.believed = true;
    expect(supply.select(step, matcher(ticker.address))).toHaveLength(1);
    expect(supply.select(step, matcher(system))).toHaveLength(1);
  });

  it('asks nobody where a second node tells the header soon after the first, and has nothing for the query', async () => {
    const { chain, clock, supply, arrived, asked } = supplyOf(withBloom(bloomOf(block.logs.slice(0, 1))));
    chain.sightedAt = clock.now();
    const step = { kind: 'apply', header: withBloom(bloomOf(block.logs.slice(0, 1))), from: 0 } as const;
    expect(supply.select(step, matcher(system))).toBe('fetching');
    await turn();
    chain.believed = true;
    clock.advance(40);
    await arrived;
    expect(supply.select(step, matcher(system))).toEqual([]);
    expect(asked()).toBe(0);
    expect(supply.select(step, matcher(ticker.address))).toBe('fetching');
  });

  it('asks for the logs where no second node tells the header in time', async () => {
    const { chain, clock, supply, arrived, asked } = supplyOf(withBloom(bloomOf(block.logs.slice(0, 1))));
    chain.sightedAt = clock.now();
    const step = { kind: 'apply', header: withBloom(bloomOf(block.logs.slice(0, 1))), from: 0 } as const;
    expect(supply.select(step, matcher(system))).toBe('fetching');
    for (let ms = 0; ms < 50; ms += 10) {
      await turn();
      expect(asked()).toBe(0);
      clock.advance(10);
    }
    await arrived;
    expect(asked()).toBe(1);
    expect(supply.select(step, matcher(system))).toHaveLength(1);
  });

  it('goes by the header that is believed by now, not by the false one that a reader came upon', () => {
    const { chain, supply } = supplyOf(withBloom(bloomOf(block.logs)));
    chain.believed = true;
    const step = { kind: 'apply', header: withBloom(bloomOf(block.logs.slice(0, 1))), from: 0 } as const;
    expect(supply.select(step, matcher(system))).toBe('fetching');
  });

  it('has nothing beyond the heights of a filter, also of blocks whose logs others had fetched', async () => {
    const header = withBloom(bloomOf(block.logs));
    const { supply, arrived } = supplyOf(header);
    const step = { kind: 'apply', header, from: 0 } as const;
    const unbounded = matcher(ticker.address);
    expect(supply.select(step, unbounded)).toBe('fetching');
    await arrived;
    expect(supply.select(step, unbounded)).toHaveLength(1);
    expect(supply.select(step, { ...unbounded, from: block.number + 1 })).toEqual([]);
    expect(supply.select(step, { ...unbounded, to: block.number - 1 })).toEqual([]);
    expect(supply.select(step, { ...unbounded, from: block.number, to: block.number })).toHaveLength(1);
  });
});
