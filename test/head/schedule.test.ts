import { afterEach, describe, expect, it } from 'vitest';
import { type ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { type Member, Pool } from './pool.ts';

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
const dice = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
};

const steps = 120;
const stepMs = 250;

let pool: Pool;
afterEach(() => pool.close());

/** Five nodes: three honest ones that come late and lose their sockets, one that lags and restarts, one that lies. */
class Schedule {
  readonly chain: ScriptedChain;
  readonly #roll: () => number;
  readonly #honest: readonly Member[];
  readonly #weak: Member;
  readonly #liar: Member;
  /** Every block that was ever the truth. */
  readonly truths = new Set<string>();
  main: ScriptedBlock;

  constructor(roll: () => number, members: readonly Member[], chain: ScriptedChain, main: ScriptedBlock) {
    const [a, b, c, weak, liar] = members;
    if (a === undefined || b === undefined || c === undefined || weak === undefined || liar === undefined) {
      throw new Error('a schedule needs five nodes');
    }
    this.chain = chain;
    this.main = main;
    this.#roll = roll;
    this.#honest = [a, b, c];
    this.#weak = weak;
    this.#liar = liar;
    for (const { hash } of chain.branch(main)) this.truths.add(hash);
  }

  get honest(): readonly Member[] {
    return this.#honest;
  }

  async step(index: number): Promise<void> {
    const roll = this.#roll;
    if (roll() < 0.5) this.#advance(this.main, 1, 'main');
    if (roll() < 0.06) this.#advance(this.#back(1 + Math.floor(roll() * 6)), 1 + Math.floor(roll() * 8), `re${index}`);
    for (const { view, node } of this.#honest) {
      if (roll() < 0.7) view[roll() < 0.5 ? 'follow' : 'setHead'](this.main);
      view.pushes.silent = roll() < 0.1;
      if (roll() < 0.03) node.closeSockets();
    }
    this.#lie(index);
    await this.#falter();
  }

  /** All faults end, and everybody goes to the truth. */
  async heal(): Promise<void> {
    await this.#weak.node.restart();
    this.#weak.view.lag = 0;
    this.#liar.view.claimed = undefined;
    this.#advance(this.main, 1, 'main');
    for (const { view } of [...this.#honest, this.#weak, this.#liar]) {
      view.pushes.silent = false;
      view.setHead(this.main);
    }
  }

  #back(depth: number): ScriptedBlock {
    return this.chain.at(this.main, this.main.number - depth) ?? this.main;
  }

  #advance(from: ScriptedBlock, count: number, salt: string): void {
    this.main = this.chain.extend(from, count, { salt });
    for (const { hash } of this.chain.branch(this.main, from.number)) this.truths.add(hash);
  }

  #lie(index: number): void {
    const roll = this.#roll();
    const { view } = this.#liar;
    view.claimed = roll < 0.2 ? this.chain.claim(10_000_000 + index) : undefined;
    if (roll > 0.4)
      view.follow(this.chain.extend(this.#back(Math.floor(roll * 5)), 1 + Math.floor(roll * 12), { salt: 'lie' }));
  }

  async #falter(): Promise<void> {
    const roll = this.#roll();
    const { view, node } = this.#weak;
    view.lag = Math.floor(roll * 12);
    if (roll < 0.5) view.follow(this.main);
    if (roll > 0.97) await node.restart();
    else if (roll > 0.94) {
      view.place(this.#back(20));
      node.closeSockets();
    }
  }
}

describe('the published head under a schedule of faults', () => {
  it.each([1, 2, 3])(
    'never goes back without a reorganisation, follows no lie and ends at the truth (seed %i)',
    async (seed) => {
      pool = new Pool({ window: 128 });
      const chain = new ScriptedChain({ blockTime: 1 });
      const main = chain.extend(chain.genesis, 100);
      const members = await pool.join(
        chain,
        Array.from({ length: 5 }, () => main),
      );
      const schedule = new Schedule(dice(seed), members, chain, main);
      const faults: string[] = [];
      let at: string | undefined;
      pool.chainHead.onMove(({ removed, added, head, gap }) => {
        if (gap) faults.push(`a gap before ${head.number}`);
        for (const block of removed) {
          if (block.hash !== at) faults.push(`${block.number} was undone out of order`);
          at = block.parentHash;
        }
        for (const block of added) {
          if (at !== undefined && block.parentHash !== at) faults.push(`${block.number} does not follow`);
          if (!schedule.truths.has(block.hash)) faults.push(`${block.number} is a lie`);
          at = block.hash;
        }
        const block = chain.block(head.hash);
        const readable = schedule.honest.some(({ view }) => block !== undefined && chain.contains(view.head, block));
        if (!readable) faults.push(`${head.number} was told and cannot be read`);
      });
      await pool.until(() => pool.published === 100);
      for (let index = 0; index < steps; index++) {
        await schedule.step(index);
        await pool.elapse(stepMs, stepMs);
      }
      await schedule.heal();
      await pool.pass(() => pool.publishedHash === schedule.main.hash, 250, 30_000);
      await pool.pass(() => pool.states().every((state) => state === 'healthy'), 250, 120_000);
      expect(faults).toEqual([]);
      expect(pool.moves.length).toBeGreaterThan(20);
      expect(pool.moves.filter(({ removed }) => removed.length > 0).length).toBeGreaterThan(0);
    },
  );
});
