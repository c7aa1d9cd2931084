import { setImmediate as turn } from 'node:timers/promises';
import type { Observer } from '../../src/core/observer.ts';
import { ChainHead, type ChainHeadOptions } from '../../src/head/chain-head.ts';
import type { NodeView } from '../../src/head/chain-view.ts';
import type { HeadMove } from '../../src/head/head-move.ts';
import { identify } from '../../src/upstream/identify.ts';
import { createUpstream } from '../../src/upstream/node-upstream.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { type UpstreamOptions, upstreamDefaults } from '../../src/upstream/upstream-options.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type FakeNode, type FakeNodeOptions, startFakeNode } from '../support/fake-node.ts';
import type { ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { ScriptedNode } from '../support/scripted-node.ts';
import { Wires } from '../support/wires.ts';

export const chainHeadOptions: ChainHeadOptions = {
  chain: 'test',
  chainId: undefined,
  blockTimeMs: 1000,
  mode: 'majority',
  finality: 64,
  window: 64,
  intervalMs: 2000,
  timeoutMs: 1000,
  missed: 3,
  maxLag: 5,
  minPeers: 1,
  stall: 4,
};

export interface Member {
  readonly view: ScriptedNode;
  readonly node: FakeNode;
  readonly upstream: Upstream;
}

interface MemberOptions extends FakeNodeOptions {
  readonly tier?: number;
  readonly head?: never;
}

const patienceMs = 20_000;

/** Real nodes on real sockets, and the chain's head that watches them, in a time that only the test moves. */
export class Pool {
  readonly clock = new FakeClock();
  readonly chainHead: ChainHead;
  readonly members: Member[] = [];
  readonly moves: HeadMove[] = [];
  /** Everything that was told to the observer, as `name arguments`. */
  readonly told: string[] = [];
  readonly probes = new Map<string, number>();
  readonly #wires = new Wires();

  constructor(options: Partial<ChainHeadOptions> = {}) {
    this.chainHead = new ChainHead(
      { ...chainHeadOptions, ...options },
      { clock: this.clock, random: () => 0.5, observer: this.#observer(), identify },
    );
    this.chainHead.onMove((move) => this.moves.push(move));
  }

  /** Adds a node that stands on `head`. Several are added before any of them is asked. */
  async join(chain: ScriptedChain, heads: readonly ScriptedBlock[], options: MemberOptions = {}): Promise<Member[]> {
    const joined: Member[] = [];
    for (const head of heads) {
      const { tier = 0, ...nodeOptions } = options;
      const node = await startFakeNode(nodeOptions);
      const view = new ScriptedNode(chain, head).attach(node);
      const upstreamOptions: UpstreamOptions = {
        ...upstreamDefaults,
        name: `n${this.members.length}`,
        url: node.url,
        tier,
        calls: 'http',
      };
      const { name } = upstreamOptions;
      const upstream = createUpstream(upstreamOptions, {
        clock: this.clock,
        random: () => 0.5,
        report: () => {},
        asked: (items) => this.probes.set(name, (this.probes.get(name) ?? 0) + items),
      });
      const member = { view, node, upstream };
      this.members.push(member);
      joined.push(member);
    }
    for (const { upstream } of joined) this.chainHead.add(upstream, false);
    return joined;
  }

  get published(): number | undefined {
    return this.chainHead.view.head?.latest.number;
  }

  get publishedHash(): string | undefined {
    return this.chainHead.view.head?.latest.hash;
  }

  state(member: Member | undefined): NodeView | undefined {
    return this.chainHead.view.nodes.find(({ upstream }) => upstream === member?.upstream);
  }

  states(): string[] {
    return this.chainHead.view.nodes.map(({ state }) => state);
  }

  /** Waits for real sockets to bring something about; time stands still meanwhile. */
  async until(what: () => boolean): Promise<void> {
    const start = performance.now();
    while (!what()) {
      if (performance.now() - start > patienceMs)
        throw new Error(`never came true: ${String(what)}; ${this.#sketch()}`);
      await turn();
    }
  }

  /** Moves time on in small steps until something has come about. */
  async pass(what: () => boolean, stepMs = 100, limitMs = 60_000): Promise<void> {
    const end = this.clock.now() + limitMs;
    while (!what()) {
      if (this.clock.now() >= end) throw new Error(`not within ${limitMs} ms: ${String(what)}; ${this.#sketch()}`);
      await this.elapse(stepMs, stepMs);
    }
  }

  /** Moves time on, and lets what falls due on the way reach the nodes and come back. */
  async elapse(ms: number, stepMs = 100): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(stepMs);
      await this.rest();
    }
  }

  /** Lets everything that is under way arrive, and all that follows from it; time stands still meanwhile. */
  rest(): Promise<void> {
    return this.#wires.rest();
  }

  async close(): Promise<void> {
    this.#wires.close();
    this.chainHead.close();
    await Promise.all(this.members.map(({ upstream }) => upstream.close()));
    await Promise.all(this.members.map(({ node }) => node.close()));
  }

  #sketch(): string {
    const nodes = this.chainHead.view.nodes.map(
      ({ upstream, state, head, reason }) => `${upstream.name} ${state} ${head} (${reason})`,
    );
    return `head ${this.published}; ${nodes.join(', ')}`;
  }

  #observer(): Observer {
    const tell =
      (name: string) =>
      (...args: readonly unknown[]) => {
        this.told.push([name, ...args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg)))].join(' '));
      };
    const nothing = () => {};
    return {
      callEnded: nothing,
      rejected: nothing,
      attemptEnded: nothing,
      retried: nothing,
      hedged: nothing,
      dissented: nothing,
      strayed: nothing,
      streamed: nothing,
      recovered: nothing,
      probed: nothing,
      stateChanged: tell('state'),
      identified: tell('identified'),
      headMoved: tell('head'),
      headRewound: tell('rewound'),
      noted: tell('noted'),
    };
  }
}
