import { type FakeNode, startFakeNode } from '../../test/support/fake-node.ts';
import { type LogScript, type ScriptedBlock, ScriptedChain } from '../../test/support/scripted-chain.ts';
import { hashOf } from '../../test/support/scripted-header.ts';
import { ScriptedNode } from '../../test/support/scripted-node.ts';
import { between, pick, weighted } from '../soak/random.ts';

/** Contracts and events that blocks are filled with, and that readers ask for. */
export const addresses = [1, 2, 3, 4].map((contract) => `0x${String(contract).repeat(40)}`);
export const topics = [1, 2, 3].map((topic) => hashOf('event', topic));

/** How often each fault is chosen. */
const weights = {
  kill: 6,
  freeze: 2,
  silent: 2,
  deaf: 2,
  cut: 4,
  shuffle: 2,
  drop: 2,
  lag: 3,
  unindexed: 4,
  omit: 3,
  fork: 3,
  reorg: 10,
  deep: 2,
  blackout: 1,
};

export type FaultKind = keyof typeof weights;

interface Member {
  readonly node: FakeNode;
  readonly view: ScriptedNode;
  /** What is wrong with it at this moment. */
  fault: FaultKind | undefined;
  omits: boolean;
  /** Its own branch, while it is alone on one. */
  fork: ScriptedBlock | undefined;
  unindexed: boolean;
}

/** A chain that grows, five nodes that show it, and what happens to both. All of it follows from `random`. */
export class World {
  readonly chain = new ScriptedChain({ blockTime: 1 });
  readonly members: Member[] = [];
  readonly faults = new Map<FaultKind, number>();
  /** Requests for logs that reached nodes. */
  logCalls = 0;
  head: ScriptedBlock;
  readonly #random: () => number;
  readonly #repairs = new Map<number, (() => Promise<void> | void)[]>();
  #salt = 0;
  #tick = 0;

  constructor(random: () => number) {
    this.#random = random;
    this.head = this.chain.extend(this.chain.genesis, 300, { logs: 0 });
  }

  async start(nodes: number): Promise<void> {
    for (let index = 0; index < nodes; index += 1) {
      const node = await startFakeNode();
      const view = new ScriptedNode(this.chain, this.head).attach(node);
      const member: Member = { node, view, fault: undefined, omits: false, fork: undefined, unindexed: false };
      const logs = (filter: unknown) => {
        this.logCalls += 1;
        const block = this.chain.block((filter as { blockHash: string }).blockHash);
        // That it has no logs is also what a node says of a block that it does not have.
        if (block === undefined || block.number > view.head.number || view.lateLogs.has(block.hash)) return [];
        return member.omits ? block.logs.slice(0, Math.floor(block.logs.length / 2)) : block.logs;
      };
      node.on('eth_getLogs', ([filter]) => logs(filter));
      this.members.push(member);
    }
  }

  /** One block more, shown by all that are well. */
  mine(): ScriptedBlock {
    this.#tick += 1;
    this.head = this.chain.mine(this.head, { salt: `b${this.#salt}`, logs: this.#logs() });
    this.#show();
    return this.head;
  }

  /** Ends the faults whose time has come. */
  async repair(): Promise<void> {
    const due = this.#repairs.get(this.#tick) ?? [];
    this.#repairs.delete(this.#tick);
    for (const task of due) await task();
  }

  /** Ends all faults. */
  async heal(): Promise<void> {
    for (const tasks of this.#repairs.values()) for (const task of tasks) await task();
    this.#repairs.clear();
  }

  /** Breaks something; the kind that was chosen. */
  async break(): Promise<FaultKind> {
    const well = this.members.filter(({ fault }) => fault === undefined);
    const kind = well.length > 2 ? weighted(this.#random, weights) : 'reorg';
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    const member = pick(this.#random, well.length > 0 ? well : this.members);
    switch (kind) {
      case 'reorg':
        this.#reorganise(between(this.#random, 1, 4));
        break;
      case 'deep':
        this.#reorganise(between(this.#random, 5, 12));
        break;
      case 'blackout':
        await Promise.all(this.members.map((one) => one.node.stop()));
        this.#later(between(this.#random, 5, 40), async () => {
          for (const one of this.members) if (one.fault !== 'kill') await one.node.restart();
          this.#show();
        });
        break;
      case 'cut':
        member.node.closeSockets();
        break;
      default:
        await this.#breakNode(kind, member);
    }
    return kind;
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map(({ node }) => node.close()));
  }

  async #breakNode(kind: Exclude<FaultKind, 'reorg' | 'deep' | 'blackout' | 'cut'>, member: Member): Promise<void> {
    const { node, view } = member;
    member.fault = kind;
    const blocks = between(this.#random, 3, 60);
    this.#later(blocks, async () => {
      member.fault = undefined;
      await this.#mend(kind, member);
    });
    switch (kind) {
      case 'kill':
        await node.stop();
        break;
      case 'freeze':
        node.freeze();
        break;
      case 'silent':
        view.pushes.silent = true;
        break;
      case 'deaf':
        node.deafen();
        break;
      case 'shuffle':
        Object.assign(view.pushes, { reverseBy: between(this.#random, 2, 4), times: 2 });
        break;
      case 'drop':
        view.pushes.dropEvery = 2;
        break;
      case 'lag':
        view.lag = between(this.#random, 1, 8);
        break;
      case 'unindexed':
        member.unindexed = true;
        break;
      case 'omit':
        member.omits = true;
        break;
      case 'fork':
        member.fork = this.chain.extend(this.head, between(this.#random, 1, 3), { salt: `f${this.#tick}` });
        view.follow(member.fork);
        break;
      default:
        kind satisfies never;
    }
  }

  async #mend(kind: FaultKind, member: Member): Promise<void> {
    const { node, view } = member;
    for (const name of ['silent', 'reverseBy', 'times', 'dropEvery'] as const) delete view.pushes[name];
    view.lag = 0;
    member.omits = false;
    member.unindexed = false;
    view.lateLogs.clear();
    member.fork = undefined;
    if (kind === 'freeze') node.thaw();
    if (kind === 'deaf') node.dropDeaf();
    if (kind === 'kill') await node.restart();
    view.follow(this.head);
  }

  #later(blocks: number, task: () => Promise<void> | void): void {
    const at = this.#tick + blocks;
    this.#repairs.set(at, [...(this.#repairs.get(at) ?? []), task]);
  }

  #reorganise(depth: number): void {
    this.#salt += 1;
    let branch = this.chain.at(this.head, this.head.number - depth) ?? this.head;
    for (let mined = 0; mined <= depth; mined += 1) {
      branch = this.chain.mine(branch, { salt: `b${this.#salt}`, logs: this.#logs() });
    }
    this.head = branch;
    this.#show();
  }

  #show(): void {
    for (const member of this.members) {
      // It finds out what happened meanwhile when it runs again.
      if (member.fault === 'freeze') continue;
      if (member.fork !== undefined) {
        member.fork = this.chain.mine(member.fork, { salt: 'fork', logs: this.#logs() });
        member.view.follow(member.fork);
        continue;
      }
      if (member.unindexed) member.view.lateLogs.add(this.head.hash);
      // Half of the nodes announce only the last of several blocks, as Geth does.
      if (this.members.indexOf(member) % 2 === 0) member.view.setHead(this.head);
      else member.view.follow(this.head);
    }
  }

  #logs(): LogScript[] {
    return Array.from({ length: between(this.#random, 0, 5) }, (_, index) => ({
      address: pick(this.#random, addresses),
      topics: [
        pick(this.#random, topics),
        hashOf('log', this.#tick, this.#salt, index, Math.floor(this.#random() * 1e6)),
      ],
    }));
  }
}
