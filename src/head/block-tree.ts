import type { Header } from './header.ts';
import { TellerQuota } from './teller-quota.ts';
import { Tellings } from './tellings.ts';

/** Bounds of a {@link BlockTree}. */
export interface BlockTreeOptions {
  /** Blocks below the published head that are kept, and that a branch may be long. */
  readonly window: number;
}

/**
 * What became of a header that was fed:
 * - `linked`: its branch joins the tree, now or before;
 * - `waiting`: kept until its parents are heard of;
 * - `stale`: below the window, not kept;
 * - `contradiction`: its number does not follow its parent's, or it tells another parent for a hash that is known.
 */
export type Added = 'linked' | 'waiting' | 'stale' | 'contradiction';

/** A step from one block to another: down to their common ancestor, and up again. */
export interface Path {
  /** Newest first. */
  readonly removed: readonly Header[];
  /** Oldest first. */
  readonly added: readonly Header[];
}

interface Entry {
  header: Header;
  readonly told: Tellings;
  /** Who told it first; the empty string once two have. Bounds what one teller can fill. */
  owner: string;
  linked: boolean;
  /** It was on the published branch, so it stays for the whole window, orphaned or not. */
  published: boolean;
  readonly sightedAt: number;
}

/** Headers per block of the window that one teller may have in the tree unpublished: its own branch, and as much again. */
const quotaFactor = 2;

/**
 * The hash-linked headers of a chain's last blocks, with all their branches. Headers come in any order, doubled, late
 * and with gaps: what does not link yet waits in the same map. Memory is bounded whoever feeds it: by the window below
 * the published head, and by a quota for each teller's unpublished headers.
 */
export class BlockTree {
  readonly #window: number;
  readonly #entries = new Map<string, Entry>();
  readonly #children = new Map<string, Set<string>>();
  /** Counts unpublished headers. */
  readonly #quota: TellerQuota;
  #root: Header | undefined;
  #floor = 0;

  constructor(options: BlockTreeOptions) {
    this.#window = options.window;
    this.#quota = new TellerQuota(quotaFactor * (options.window + 1));
  }

  /** Headers kept, linked or waiting. */
  get size(): number {
    return this.#entries.size;
  }

  /** The lowest block of the published branch that is kept; every linked block descends from it. */
  get root(): Header | undefined {
    return this.#root;
  }

  /** A header that is kept, linked or not. */
  get(hash: string): Header | undefined {
    return this.#entries.get(hash)?.header;
  }

  /** What nodes told of the block. */
  told(hash: string): Omit<Tellings, 'hear'> | undefined {
    return this.#entries.get(hash)?.told;
  }

  linked(hash: string): boolean {
    return this.#entries.get(hash)?.linked ?? false;
  }

  /** When the header was first fed; the clock is the feeder's. */
  sightedAt(hash: string): number | undefined {
    return this.#entries.get(hash)?.sightedAt;
  }

  /** Feeds a header that came from `source` at `now`; `teller` is empty where that hands on what others told. */
  add(header: Header, source: string, now: number, teller = source): Added {
    const known = this.#entries.get(header.hash);
    if (known !== undefined) return this.#tellAgain(known, header, source, teller);
    if (header.number < this.#floor) return 'stale';
    const parent = this.#entries.get(header.parentHash);
    if (parent !== undefined && parent.header.number + 1 !== header.number) return 'contradiction';
    const belowRoot = this.#root?.parentHash === header.hash && this.#root.number === header.number + 1;
    const [told, linked] = [new Tellings(header, teller), parent?.linked ?? false];
    const entry = { header, told, owner: source, linked, published: belowRoot, sightedAt: now };
    this.#entries.set(header.hash, entry);
    this.#addChild(header);
    if (!belowRoot) this.#quota.add(source, header.hash);
    this.#dropMisnumbered(header);
    if (belowRoot) this.#deepen(entry);
    else if (entry.linked) this.#linkAbove(header.hash);
    this.#enforceQuota(source);
    return entry.linked ? 'linked' : 'waiting';
  }

  /** Puts a header in place of another one that was told for the same hash, and forgets what stood on that. */
  replace(header: Header, source: string, now: number): Added {
    const known = this.#entries.get(header.hash);
    if (known !== undefined) this.#forgetBranch(header.hash);
    return this.add(header, source, now);
  }

  /**
   * Makes the branch of `hash` the tree: what joins it is linked, everything else waits. For the first head, and for a
   * chain that has moved on further than the window while nobody was heard.
   */
  anchor(hash: string): void {
    const head = this.#entries.get(hash);
    if (head === undefined) return;
    const lowest = this.#lowest(head);
    this.#floor = Math.max(0, lowest.header.number - this.#window);
    this.#rootAt(lowest.header);
  }

  /** Marks the branch of `hash` as published and forgets what is below its window. */
  publish(hash: string): void {
    const head = this.#entries.get(hash);
    if (head === undefined) return;
    let lowest = head;
    for (let entry: Entry | undefined = head; entry !== undefined; entry = this.#parent(entry)) {
      if (entry.header.number < head.header.number - this.#window) break;
      this.#markPublished(entry);
      lowest = entry;
    }
    this.#floor = Math.max(0, head.header.number - this.#window);
    for (const { header } of this.#entries.values()) if (header.number < this.#floor) this.#forget(header);
    if (this.#root === undefined || this.#root.number < this.#floor) this.#rootAt(lowest.header);
  }

  /**
   * The hash to ask for next so that `hash` gets linked, and whether it lies below the tree's root (so that a node at
   * the published head has to be asked) or below the waiting branch itself. Undefined when it is linked, unknown, or
   * could only join below the window.
   */
  missingParent(
    hash: string,
  ): { readonly hash: string; readonly number: number; readonly below: 'branch' | 'root' } | undefined {
    const root = this.#root;
    const entry = this.#entries.get(hash);
    if (root === undefined || entry === undefined || entry.linked) return undefined;
    const lowest = this.#lowest(entry);
    const [end, below] =
      lowest.header.number >= root.number ? [lowest.header, 'branch' as const] : [root, 'root' as const];
    if (end.number === 0 || end.number - 1 < this.#floor) return undefined;
    return { hash: end.parentHash, number: end.number - 1, below };
  }

  /** The block at `number` on the branch that ends in `hash`, as far as it is known. */
  ancestorAt(hash: string, number: number): Header | undefined {
    let entry = this.#entries.get(hash);
    while (entry !== undefined && entry.header.number > number) entry = this.#parent(entry);
    return entry?.header.number === number ? entry.header : undefined;
  }

  /** True if the branch that ends in `head` contains `ancestor`; a block contains itself. */
  contains(ancestor: string, head: string): boolean {
    const block = this.#entries.get(ancestor);
    return block !== undefined && this.ancestorAt(head, block.header.number)?.hash === ancestor;
  }

  /** The newest block that both branches contain. */
  commonAncestor(one: string, other: string): Header | undefined {
    let left = this.#entries.get(one);
    let right = this.#entries.get(other);
    while (left !== undefined && right !== undefined && left !== right) {
      if (left.header.number >= right.header.number) left = this.#parent(left);
      else right = this.#parent(right);
    }
    return left !== undefined && left === right ? left.header : undefined;
  }

  /** The way from one block to another; undefined when they have no common ancestor in the window. */
  path(from: string, to: string): Path | undefined {
    const fork = this.commonAncestor(from, to);
    if (fork === undefined) return undefined;
    return { removed: this.#down(from, fork.hash), added: this.#down(to, fork.hash).reverse() };
  }

  #down(hash: string, until: string): Header[] {
    const headers: Header[] = [];
    let entry = this.#entries.get(hash);
    for (; entry !== undefined && entry.header.hash !== until; entry = this.#parent(entry)) headers.push(entry.header);
    return headers;
  }

  #lowest(entry: Entry): Entry {
    let lowest = entry;
    for (let parent = this.#parent(lowest); parent !== undefined; parent = this.#parent(lowest)) lowest = parent;
    return lowest;
  }

  #parent(entry: Entry): Entry | undefined {
    return this.#entries.get(entry.header.parentHash);
  }

  #tellAgain(known: Entry, header: Header, source: string, teller: string): Added {
    if (known.header.parentHash !== header.parentHash || known.header.number !== header.number) return 'contradiction';
    known.header = known.told.hear(header, teller);
    if (!known.published && known.owner !== source && known.owner !== '') {
      this.#quota.remove(known.owner, header.hash);
      known.owner = '';
      this.#quota.add('', header.hash);
      this.#enforceQuota('');
    }
    return known.linked ? 'linked' : 'waiting';
  }

  #addChild({ hash, parentHash }: Header): void {
    const siblings = this.#children.get(parentHash) ?? new Set();
    siblings.add(hash);
    this.#children.set(parentHash, siblings);
  }

  /** Children that were told before their parent, with a number that does not follow it. */
  #dropMisnumbered(parent: Header): void {
    for (const hash of this.#children.get(parent.hash) ?? []) {
      const child = this.#entries.get(hash);
      if (child !== undefined && child.header.number !== parent.number + 1) this.#forgetBranch(hash);
    }
  }

  /** A block below the root was told; those that waited below it follow. */
  #deepen(entry: Entry): void {
    for (let below: Entry | undefined = entry; below !== undefined; below = this.#parent(below)) {
      this.#markPublished(below);
    }
    this.#rootAt(this.#lowest(entry).header);
  }

  #rootAt(root: Header): void {
    this.#root = root;
    for (const entry of this.#entries.values()) entry.linked = false;
    const entry = this.#entries.get(root.hash);
    if (entry !== undefined) entry.linked = true;
    this.#linkAbove(root.hash);
  }

  #linkAbove(hash: string): void {
    const open = [hash];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const child of this.#children.get(next) ?? []) {
        const entry = this.#entries.get(child);
        if (entry === undefined || entry.linked) continue;
        entry.linked = true;
        open.push(child);
      }
    }
  }

  #markPublished(entry: Entry): void {
    if (entry.published) return;
    entry.published = true;
    this.#quota.remove(entry.owner, entry.header.hash);
  }

  #enforceQuota(teller: string): void {
    for (let hash = this.#quota.excess(teller); hash !== undefined; hash = this.#quota.excess(teller)) {
      this.#quota.remove(teller, hash);
      this.#forgetBranch(hash);
    }
  }

  /** A block and everything on top of it. */
  #forgetBranch(hash: string): void {
    const open = [hash];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const entry = this.#entries.get(next);
      if (entry === undefined) continue;
      open.push(...(this.#children.get(next) ?? []));
      this.#forget(entry.header);
    }
  }

  #forget(header: Header): void {
    const entry = this.#entries.get(header.hash);
    if (entry === undefined) return;
    this.#entries.delete(header.hash);
    this.#quota.remove(entry.owner, entry.header.hash);
    const siblings = this.#children.get(header.parentHash);
    siblings?.delete(header.hash);
    if (siblings?.size === 0) this.#children.delete(header.parentHash);
  }
}
