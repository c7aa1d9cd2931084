import { readdirSync, readFileSync } from 'node:fs';

/** One exchange: what is sent, and what has to come back. */
export interface Exchange {
  readonly title: string;
  readonly line: number;
  readonly sent: string;
  /** Undefined where nothing may come back. */
  readonly expected: string | undefined;
}

export interface Transcript {
  readonly file: string;
  readonly exchanges: readonly Exchange[];
}

const folder = new URL('./transcripts/', import.meta.url);

/**
 * Reads the files beside this one: `//` a sentence that says what is shown, `-->` what a client sends, `<--` the answer,
 * byte for byte but for `…`, which stands for anything.
 */
export const transcripts = (): readonly Transcript[] =>
  readdirSync(folder).map((file) => ({ file, exchanges: exchangesOf(readFileSync(new URL(file, folder), 'utf8')) }));

const exchangesOf = (text: string): readonly Exchange[] => {
  const found: Exchange[] = [];
  let title = '';
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('// ')) title = line.slice(3);
    else if (line.startsWith('--> ')) found.push({ title, line: index + 1, sent: line.slice(4), expected: undefined });
    else if (line.startsWith('<-- ')) {
      const last = found.pop();
      if (last === undefined) throw new Error(`an answer without a question in line ${index + 1}`);
      found.push({ ...last, expected: line.slice(4) });
    } else if (line !== '') throw new Error(`line ${index + 1} is neither sent, answered nor said`);
  }
  return found;
};

/** The pattern that an answer has to match. */
export const pattern = (expected: string): RegExp =>
  new RegExp(
    `^${expected
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    's',
  );
