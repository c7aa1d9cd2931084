import { isAlias, isMap, isNode, isScalar, isSeq, type Scalar, type YAMLMap } from 'yaml';
import { type Path, renderPath } from './paths.ts';

/** Something wrong at one place of the tree. */
export interface Problem {
  readonly path: Path;
  /** Whether the key itself is wrong, or its value. */
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly suggestion?: string | undefined;
}

/** Something wrong with the text. */
export interface SyntaxProblem {
  readonly offset: number;
  readonly message: string;
  readonly suggestion?: string | undefined;
  /** What the tree says after it cannot be relied on. */
  readonly fatal: boolean;
}

/** Stands where a value could not be made out: there is one, and what is wrong with it has been told. */
const unread = Symbol('unread');

/** What a string stands for, or why it stands for nothing. */
export type ReadText = (
  text: string,
  path: Path,
) => { readonly text: string } | { readonly problem: string; readonly suggestion?: string };

/** Aliases may repeat what they name, so what a file unfolds to is bounded apart from its length. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 64;

/** Makes plain values of YAML nodes, and remembers where each key and value stands. */
export class Walk {
  readonly problems: Problem[] = [];
  readonly excess: SyntaxProblem[] = [];
  readonly #readText: ReadText;
  readonly #anchors = new Map<string, unknown>();
  readonly #keys = new Map<string, number>();
  readonly #values = new Map<string, number>();
  #nodes = 0;

  constructor(readText: ReadText) {
    this.#readText = readText;
  }

  offset(path: Path, at: 'key' | 'value'): number {
    const text = renderPath(path);
    const [first, second] = at === 'key' ? [this.#keys, this.#values] : [this.#values, this.#keys];
    return first.get(text) ?? second.get(text) ?? (path.length === 0 ? 0 : this.offset(path.slice(0, -1), 'value'));
  }

  node(node: unknown, path: Path): unknown {
    if (this.#exceeds(path.length, node)) return undefined;
    if (isAlias(node)) {
      mark(this.#values, path, node.range);
      if (this.#anchors.has(node.source)) return this.node(this.#anchors.get(node.source), path);
      return this.#report(path, `there is no anchor &${node.source} above`);
    }
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return undefined;
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (!isScalar(node) || node.value !== null) mark(this.#values, path, node.range);
    if (isScalar(node)) return this.#scalar(node, path);
    if (isSeq(node)) return node.items.map((item, index) => this.node(item, [...path, index]) ?? null);
    return this.#fill(Object.create(null), node, path, 0);
  }

  #scalar({ value }: Scalar, path: Path): unknown {
    if (typeof value === 'number' || typeof value === 'boolean') return value;
    if (value === null) return undefined;
    if (typeof value !== 'string') return this.#report(path, 'is a kind of value that no key takes');
    const read = this.#readText(value, path);
    return 'text' in read ? read.text : this.#report(path, read.problem, read.suggestion);
  }

  /** Own keys first, so that they win over those that `<<` brings in. */
  #fill(target: Record<string, unknown>, map: YAMLMap, path: Path, depth: number): Record<string, unknown> {
    const merged: unknown[] = [];
    for (const { key, value } of map.items) {
      const name = isScalar(key) ? keyName(key) : undefined;
      if (name === undefined) this.#report(path, 'has a key that is not text');
      else if (name === '<<') merged.push(value);
      else if (!(name in target)) {
        const here = [...path, name];
        mark(this.#keys, here, (key as Scalar).range);
        target[name] = this.node(value, here);
      }
    }
    for (const source of merged.flatMap((one) => this.#sources(one))) {
      if (this.#exceeds(depth, source)) break;
      if (isMap(source)) this.#fill(target, source, path, depth + 1);
      else this.#report(path, '<< takes an alias of a mapping, or a list of them');
    }
    return target;
  }

  #sources(merged: unknown): readonly unknown[] {
    const source = this.#resolve(merged);
    return isSeq(source) ? source.items.map((item) => this.#resolve(item)) : [source];
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) ? this.#anchors.get(node.source) : node;
  }

  #exceeds(depth: number, node: unknown): boolean {
    this.#nodes += 1;
    if (this.#nodes <= MAX_NODES && depth <= MAX_DEPTH) return false;
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    const message = 'aliases or nesting make more of this than a configuration can be';
    if (this.excess.length === 0) this.excess.push({ offset, message, fatal: true });
    this.#nodes = MAX_NODES;
    return true;
  }

  #report(path: Path, message: string, suggestion?: string): typeof unread {
    this.problems.push({ path, at: 'value', message, suggestion });
    return unread;
  }
}

const keyName = ({ value }: Scalar): string | undefined => {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
};

/** The first place counts: an alias stands before what it names, an own key before a merged one. */
const mark = (places: Map<string, number>, path: Path, range: readonly number[] | null | undefined): void => {
  const key = renderPath(path);
  if (range?.[0] !== undefined && !places.has(key)) places.set(key, range[0]);
};
