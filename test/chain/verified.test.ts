import { expect, it } from 'vitest';
import { askForTruth } from '../../src/chain/verified.ts';
import { localReply } from '../../src/core/reply.ts';
import type { ChainFeed } from '../../src/head/chain-view.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { aCall } from '../telemetry/events.ts';

const hashes = Array.from({ length: 32 }, (_, index) => `0x${index.toString(16).padStart(64, '0')}`);

/** The blocks that are looked up because an answer of so many bytes leaves them out. */
const lookedUp = async (leftOut: string, bytes: number): Promise<readonly string[]> => {
  const found: string[] = [];
  const query = {
    mayMatch: () => true,
    logsOf: async (hash: string) => {
      found.push(hash);
      return { logs: [], cost: localReply(Buffer.from('[]')).info };
    },
  };
  const answer = Buffer.alloc(bytes, ' ');
  answer.write(JSON.stringify(hashes.filter((hash) => hash !== leftOut)));
  const maybe = hashes.map((hash, number) => ({ hash, number }));
  const chain = { waitFor: () => new Promise(() => {}) } as unknown as ChainFeed;
  const clock = new FakeClock();
  const call = aCall('eth_getLogs', { deadline: clock.now() + 1000 });
  await askForTruth(call, maybe, query, async () => localReply(answer), { chain, clock });
  return found;
};

it('a block that an answer leaves out is looked up, and of the largest answers the newest blocks alone', async () => {
  expect(await lookedUp(hashes[31] ?? '', 1024 * 1024)).toEqual([hashes[31]]);
  expect(await lookedUp(hashes[3] ?? '', 64 * 1024 * 1024)).toEqual([hashes[3]]);
  expect(await lookedUp(hashes[31] ?? '', 64 * 1024 * 1024)).toEqual([]);
});
