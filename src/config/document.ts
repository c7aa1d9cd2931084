import { type Document, parseDocument, type YAMLParseError } from 'yaml';
import type { Path } from './paths.ts';
import { type Problem, type ReadText, type SyntaxProblem, Walk } from './tree-walk.ts';

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
    return { offset, message: message.replace(/: [^]*$/, ''), suggestion, fatal };
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
