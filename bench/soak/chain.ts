import type { Devnet } from '../../src/devnet/devnet.ts';
import { startDevnet } from '../../src/devnet/start-devnet.ts';
import { deployTicker, sendTick } from '../../src/devnet/ticker-contract.ts';
import type { Chronicle } from './chronicle.ts';
import type { Gate } from './gate.ts';
import { weighted } from './random.ts';

/** Ticks in a block, and how often. */
const ticks = { '0': 2, '1': 5, '2': 2, '5': 1 } as const;

export interface BeatDeps {
  readonly devnet: Devnet;
  readonly gate: Gate;
  readonly chronicle: Chronicle;
  readonly random: () => number;
  readonly now: () => number;
}

/** Blocks with ticks in them, one after another, all of them told to the chronicle. */
export class Beat {
  readonly #deps: BeatDeps;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(deps: BeatDeps) {
    this.#deps = deps;
  }

  /** Mines the ticker and a few blocks; then one every `ms`. `onFailure` runs once where the devnet broke. */
  static async start(deps: BeatDeps, ms: number, onFailure: (error: unknown) => void): Promise<Beat> {
    const beat = new Beat(deps);
    await deployTicker(deps.devnet);
    await deps.devnet.mine();
    for (let mined = 0; mined < 5; mined++) await beat.#mine();
    beat.#running = beat.#run(ms).catch(onFailure);
    return beat;
  }

  /** Takes in what the truth is at this moment. */
  observe(): void {
    const { devnet, chronicle, now } = this.#deps;
    chronicle.observe(devnet.truth.head, (hash) => devnet.truth.byHash(hash), now());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(ms: number): Promise<void> {
    for (let next = this.#deps.now() + ms; !this.#closed; next += ms) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, next - this.#deps.now())));
      await this.#mine();
      next = Math.max(next, this.#deps.now() - ms);
    }
  }

  async #mine(): Promise<void> {
    const { devnet, gate, chronicle, random } = this.#deps;
    for (let left = Number(weighted(random, ticks)); left > 0; left--) {
      chronicle.expect(await sendTick(devnet), 'tick');
    }
    await gate.without(() => devnet.mine());
    this.observe();
  }
}

/** One node of another chain that looks much like the devnet: as high, with the same contract at the same place. */
export const startForeigner = async (height: number): Promise<Devnet> => {
  const foreigner = await startDevnet({ nodes: 1, chainId: 31_338, gossipMs: 0 });
  await deployTicker(foreigner);
  await foreigner.mine(height);
  return foreigner;
};
