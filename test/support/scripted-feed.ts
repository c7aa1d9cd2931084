import type { FakeNode } from './fake-node.ts';
import type { ScriptedBlock, ScriptedChain, ScriptedLog } from './scripted-chain.ts';
import { matches } from './scripted-logs.ts';

/** What may be wrong with a node's pushed events. */
export interface PushFaults {
  /** Events are not sent, though the socket lives. */
  silent?: boolean;
  /** Every so many-th event is lost. */
  dropEvery?: number;
  /** Each event is sent this many times. */
  times?: number;
  /** Events are gathered in groups of this many and sent newest first. */
  reverseBy?: number;
}

interface Announcement {
  readonly block: ScriptedBlock;
  readonly logs: readonly (Omit<ScriptedLog, 'removed'> & { readonly removed: boolean })[];
}

/**
 * What a node pushes as it moves along a chain: a block's header, and with it the logs between the block it told of last
 * and this one. A log that was left behind comes as removed and before all new ones, newest first, which is kinder than
 * Geth: there the order is left to chance.
 */
export class ScriptedFeed {
  readonly faults: PushFaults = {};
  /** Whose subscribers are told. */
  node: FakeNode | undefined;
  readonly #chain: ScriptedChain;
  #at: ScriptedBlock;
  #count = 0;
  #held: Announcement[] = [];

  constructor(chain: ScriptedChain, head: ScriptedBlock) {
    this.#chain = chain;
    this.#at = head;
  }

  /** Goes to a block without a word. */
  stand(at: ScriptedBlock): void {
    this.#at = at;
  }

  /** Tells of a block, as far as the faults let it. */
  announce(block: ScriptedBlock): void {
    const announcement = { block, logs: this.#logsTo(block) };
    const { silent, dropEvery, times = 1, reverseBy = 1 } = this.faults;
    this.#count++;
    if (silent || (dropEvery !== undefined && this.#count % dropEvery === 0)) return;
    this.#held.push(announcement);
    if (this.#held.length < reverseBy) return;
    const told = this.#held.splice(0).reverse();
    for (const each of told) for (let sent = 0; sent < times; sent++) this.#send(each);
  }

  /** None to a block that was told of before, which a node repeats without its logs, nor to a bare claim. */
  #logsTo(block: ScriptedBlock): Announcement['logs'] {
    const chain = this.#chain;
    const claimed = chain.block(block.hash) === undefined;
    if (claimed || chain.contains(this.#at, block)) return [];
    let shared = this.#at;
    while (!chain.contains(block, shared)) shared = chain.block(shared.parentHash) ?? chain.genesis;
    const left = chain.branch(this.#at, shared.number + 1).flatMap(({ logs }) => logs);
    this.#at = block;
    return [
      ...left.reverse().map((log) => ({ ...log, removed: true })),
      ...chain.branch(block, shared.number + 1).flatMap(({ logs }) => logs),
    ];
  }

  #send({ block, logs }: Announcement): void {
    this.node?.push('newHeads', block.header);
    for (const log of logs) {
      this.node?.push('logs', log, ([, filter]) => matches(log, (filter ?? {}) as Record<string, unknown>));
    }
  }
}
