import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { localReply, refuse, type Reply } from '../../src/core/reply.ts';
import { readHeader } from '../../src/head/header.ts';
import type { Ask } from '../../src/subscription/ask.ts';
import type { Chain } from '../../src/subscription/chain.ts';
import { hubDefaults } from '../../src/subscription/hub-options.ts';
import { LogStore } from '../../src/subscription/log-store.ts';
import { LogSupply } from '../../src/subscription/log-supply.ts';
import { Matchers } from '../../src/subscription/matcher.ts';
import type { Step } from '../../src/subscription/steps.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';

const script = new ScriptedChain();
const tip = script.extend(script.genesis, 3);
const blocks = script.branch(tip, 1);
const matcher = new Matchers().take({
  filter: { addresses: undefined, topics: [] },
  from: 0,
  to: Number.POSITIVE_INFINITY,
});

const applied = ({ header }: ScriptedBlock): Step => {
  const read = readHeader(Buffer.from(JSON.stringify(header)));
  if (read === undefined) throw new Error('the script made no header');
  return { kind: 'apply', header: read, from: 0 };
};
const steps = blocks.map(applied);

/** Blocks older than the tree, and one node that could be asked. */
const old = {
  view: { nodes: [{ state: 'healthy' }], canonical: () => true, numberOf: () => undefined },
  tree: { get: () => undefined, sightedAt: () => undefined },
  believes: () => undefined,
} as unknown as Chain;

/** What a node that has them says of a block's logs. */
const told = ({ method, params, accept }: Parameters<Ask>[0]): Reply => {
  if (method !== 'eth_getLogs') return refuse('upstreams_failed', 'no receipts here');
  const [{ blockHash }] = params as [{ blockHash: string }];
  const result = Buffer.from(JSON.stringify(script.block(blockHash)?.logs));
  return accept?.(result, 'n') === false ? refuse('upstreams_failed', 'false') : localReply(result);
};

const supplyFrom = (ask: Ask) => {
  const clock = new FakeClock();
  const report = { streamed: () => {}, recovered: () => {} };
  const kept = { blocks: 100, bytes: 1e6 };
  const options = { ...hubDefaults.fetch, parallel: 1, kept, passing: kept };
  const store = new LogStore(options, { chain: old, ask, clock, random: () => 0.5, report });
  const supply = new LogSupply(
    { ahead: 16, orphanMs: hubDefaults.orphanMs },
    { chain: old, clock, store, listening: () => true, arrived: () => {} },
  );
  /** Lets time go by, in small steps. */
  const pass = async (ms: number): Promise<void> => {
    for (let gone = 0; gone < ms; gone += 100) {
      clock.advance(100);
      await turn();
    }
  };
  const states = (): unknown[] =>
    steps.map((step) => {
      const logs = supply.select(step, matcher);
      return typeof logs === 'string' ? logs : logs.length;
    });
  return { pass, states };
};

describe('logs of old blocks', () => {
  it('that wait for their turn, while others read history, are not given up', async () => {
    let free = (): void => {};
    const held = new Promise<void>((resolve) => (free = resolve));
    const { pass, states } = supplyFrom(async (question) => {
      await held;
      return told(question);
    });
    states();
    await pass(4 * hubDefaults.orphanMs);
    expect(states()).toEqual(['fetching', 'fetching', 'fetching']);
    free();
    await pass(100);
    expect(states()).toEqual([1, 1, 1]);
  });

  it('are waited for while nobody can be asked', async () => {
    let broken = true;
    const { pass, states } = supplyFrom(async (question) =>
      broken ? refuse('upstreams_failed', 'every node asked has failed') : told(question),
    );
    states();
    await pass(4 * hubDefaults.orphanMs);
    expect(states()).toEqual(['fetching', 'fetching', 'fetching']);
    broken = false;
    await pass(12 * hubDefaults.fetch.retry.max);
    expect(states()).toEqual([1, 1, 1]);
  });

  it('are lost once nodes have said for a while that they do not have them', async () => {
    const { pass, states } = supplyFrom(async ({ accept }) => {
      accept?.(Buffer.from('[]'), 'n');
      return refuse('upstreams_failed', 'its answer was found to be false');
    });
    states();
    await pass(hubDefaults.orphanMs - 1000);
    expect(states()).toEqual(['fetching', 'fetching', 'fetching']);
    await pass(2000);
    expect(states()[0]).toBe('lost');
  });
});
