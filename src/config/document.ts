import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml';
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

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A YAML file as plain values, with the way back to its text. */
export interface Tree {
  /** Mappings have no prototype. A key without a value, or with `null`, is there and undefined. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  readonly syntax: readonly SyntaxProblem[];
  /** Line and column, from 1, of a key or value; where there is none, of what it would stand in. */
  place(path: Path, at: 'key' | 'value'): Position;
  position(offset: number): Position;
}

/** Stands where a value could not be made out: there is one, and what is wrong with it has been told. */
export const unread = Symbol('unread');

/** What a string stands for, or why it stands for nothing. */
export type ReadText = (
  text: string,
  path: Path,
) => { readonly text: string } | { readonly problem: string; readonly suggestion?: string };

/** Aliases may repeat what they name, so what a file unfolds to is bounded apart from its length. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 64;

/** A text that is not YAML at all has an error in every line; the first ones say so. */
const MAX_ERRORS = 100;

/** Parses YAML 1.2 with anchors and `<<`. `readText` sees every string value. Never throws: what is wrong is listed. */
export const readTree = (text: string, readText: ReadText): Tree => {
  const document = parseDocument(text, { prettyErrors: false, version: '1.2' });
  const walk = new Walk(readText);
  const value = walk.node(document.contents, []);
  const position = positions(text);
  return {
    value,
    problems: walk.problems,
    syntax: [...syntaxProblems(document, text), ...walk.excess],
    place: (path, at) => position(walk.offset(path, at)),
    position,
  };
};

const wordings: ReadonlyMap<string, Pick<SyntaxProblem, 'message' | 'suggestion'>> = new Map([
  ['DUPLICATE_KEY', { message: 'this key is there twice' }],
  ['MULTIPLE_DOCS', { message: 'expected one document, but another begins here' }],
  ['TAB_AS_INDENT', { message: 'tabs cannot indent YAML', suggestion: 'use spaces' }],
  ['RESOURCE_EXHAUSTION', { message: 'is nested too deeply' }],
]);

const syntaxProblems = (document: Document.Parsed, text: string): readonly SyntaxProblem[] => {
  const errors = firstErrors(document.errors).map(({ code, message, pos: [offset] }) => {
    const fatal = code !== 'DUPLICATE_KEY';
    const known = wordings.get(code);
    if (known !== undefined) return { ...known, offset, fatal };
    const line = text.slice(text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1).split('\n', 1)[0] ?? '';
    const suggestion = line.includes('${') ? 'between { } and [ ] put ${...} in quotes' : undefined;
    // The parser quotes what it stumbled over, which may be a password.
    return { offset, message: message.replace(/:? "[^]*"$/, ''), suggestion, fatal };
  });
  const warnings = document.warnings
    .slice(0, MAX_ERRORS)
    .map(({ message, pos: [offset] }) => ({ offset, message, fatal: false }));
  return [...errors, ...warnings];
};

/** Without those that only follow from an earlier one: everything after a token that ended the document too soon. */
const firstErrors = (errors: readonly YAMLParseError[]): readonly YAMLParseError[] => {
  const exhausted = errors.filter(({ code }) => code === 'RESOURCE_EXHAUSTION');
  if (exhausted.length > 0) return exhausted;
  const end = errors.findIndex(({ code }) => code === 'UNEXPECTED_TOKEN');
  return errors.slice(0, end < 0 ? MAX_ERRORS : Math.min(end + 1, MAX_ERRORS));
};

/** Where a place in the text is for a reader. The parser's own counter loses lines after a syntax error. */
const positions = (text: string): ((offset: number) => Position) => {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    const place = Math.max(0, Math.min(offset, text.length));
    const after = starts.findIndex((start) => start > place);
    const line = after < 0 ? starts.length : after;
    return { line, column: place - (starts[line - 1] ?? 0) + 1 };
  };
};

class Walk {
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
