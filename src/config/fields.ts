import * as z from 'zod';
import { didYouMean } from './suggest.ts';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

/** What a field made of a value. A problem never repeats the value, which may have come from a secret. */
export type Reading<T> = { readonly value: T } | { readonly problem: string; readonly suggestion?: string | undefined };

type JsonSchema = Readonly<Record<string, unknown>>;

interface Range {
  readonly min: number;
  readonly max: number;
}

/** A value that is put in when the file is read; editors have to let it stand where a number is expected, too. */
const reference = '\\$\\{|^file:/';

const orReference = (json: JsonSchema): JsonSchema => ({ anyOf: [json, { type: 'string', pattern: reference }] });

/**
 * A key that holds one value. `description` is its documentation in config.schema.json and config.example.yaml: meaning,
 * unit, caveat. `json` is what editors are told, `read` decides.
 */
export const field = <T>(description: string, json: JsonSchema, read: (value: unknown) => Reading<T>) =>
  z
    .unknown()
    .transform((value, context): T => {
      const reading: Reading<T> = value === undefined ? { problem: 'is required' } : read(value);
      if ('value' in reading) return reading.value;
      const { problem: message, suggestion } = reading;
      context.addIssue({ code: 'custom', message, params: { suggestion } });
      return z.NEVER;
    })
    .meta(description === '' ? json : { ...json, description });

/** A group of keys; any other key in it is an error. */
export const section = <Shape extends z.core.$ZodLooseShape>(description: string, shape: Shape) =>
  z.strictObject(shape).meta({ description });

/** Text that was put in for a number or boolean is read as one. */
export const numeric = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d{1,20}(?:\.\d{1,20})?$/.test(value) ? Number(value) : undefined;
};

const inRange = (value: number, { min, max }: Range): boolean => value >= min && value <= max;

/** A whole number. */
export const count = (description: string, range: Range) =>
  field(description, orReference({ type: 'integer', minimum: range.min, maximum: range.max }), (value) => {
    const number = numeric(value);
    if (number !== undefined && Number.isInteger(number) && inRange(number, range)) return { value: number };
    return { problem: `expected a whole number from ${range.min} to ${range.max}` };
  });

/** A number that may have a fraction. */
export const decimal = (description: string, range: Range) =>
  field(description, orReference({ type: 'number', minimum: range.min, maximum: range.max }), (value) => {
    const number = numeric(value);
    if (number !== undefined && inRange(number, range)) return { value: number };
    return { problem: `expected a number from ${range.min} to ${range.max}` };
  });

/** Bytes. */
export const size = (description: string, range: Range) => {
  const json = {
    anyOf: [
      { type: 'integer', minimum: range.min, maximum: range.max },
      { type: 'string', pattern: sizePattern },
    ],
  };
  return field(description, json, (value) => {
    const bytes = typeof value === 'number' ? value : typeof value === 'string' ? parseSize(value) : undefined;
    if (bytes === undefined || !Number.isInteger(bytes))
      return { problem: sizeProblem, suggestion: sizeSuggestion(value) };
    if (inRange(bytes, range)) return { value: bytes };
    return { problem: `expected a size from ${formatSize(range.min)} to ${formatSize(range.max)}` };
  });
};

const sizePattern = `^\\d+(\\.\\d+)? ?(B|KiB|MiB|GiB)?$|${reference}`;
const sizeProblem = 'expected a size such as 512KiB, 5MiB or 1GiB; a bare number is bytes';

/** For `5MB`, `5M`, `5mb` and the like, which other programs read in two ways. */
const sizeSuggestion = (value: unknown): string | undefined => {
  const match = typeof value === 'string' ? /^(\d{1,15}(?:\.\d{1,9})?) ?([kmg])i?b?$/i.exec(value) : null;
  return match === null ? undefined : `did you mean ${match[1]}${match[2]?.toUpperCase()}iB?`;
};

/** Milliseconds. A bare number is refused unless it is 0: nobody can see whether 5 means seconds. */
export const duration = (description: string, range: Range) => {
  const json = { anyOf: [{ const: 0 }, { type: 'string', pattern: `^\\d+(\\.\\d+)? ?(ms|s|m|h)$|${reference}` }] };
  return field(description, json, (value) => {
    const bare = numeric(value);
    if (bare !== undefined && bare !== 0)
      return { problem: 'a time needs its unit', suggestion: durationSuggestion(bare) };
    const ms = bare ?? (typeof value === 'string' ? parseDuration(value) : undefined);
    if (ms === undefined) return { problem: 'expected a time such as 250ms, 2s, 5m or 1h' };
    if (inRange(ms, range)) return { value: ms };
    return { problem: `expected a time from ${formatDuration(range.min)} to ${formatDuration(range.max)}` };
  });
};

/** Small numbers were meant as seconds, large ones as milliseconds. */
const durationSuggestion = (bare: number): string | undefined => {
  if (bare < 0) return undefined;
  return bare < 100 ? `say ${bare}s or ${bare * 1000}ms` : `say ${bare / 1000}s or ${bare}ms`;
};

/** `true` or `false`. */
export const flag = (description: string) =>
  field(description, orReference({ type: 'boolean' }), (value): Reading<boolean> => {
    if (value === true || value === 'true') return { value: true };
    if (value === false || value === 'false') return { value: false };
    return { problem: 'expected true or false' };
  });

/** One of a few words, of which `true` and `false` may be two. */
export const choice = <const T extends string | boolean>(description: string, options: readonly T[]) =>
  field(description, orReference({ enum: options }), (value): Reading<T> => {
    const found = options.find((option) => option === value || String(option) === value);
    if (found !== undefined) return { value: found };
    const words = options.map(String);
    const suggestion = typeof value === 'string' ? didYouMean(value, words) : undefined;
    return { problem: `expected ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`, suggestion };
  });

/** Text that `read` accepts. `json` may narrow what an editor accepts; references pass it in any case. */
export const text = (description: string, read: (value: string) => Reading<string>, pattern?: string) => {
  const json = pattern === undefined ? {} : { pattern: `${pattern}|${reference}` };
  return field(description, { type: 'string', ...json }, (value): Reading<string> => {
    if (typeof value === 'number' || typeof value === 'boolean') return { problem: 'expected text; put it in quotes' };
    if (typeof value !== 'string') return { problem: 'expected text' };
    if (value.length > 8192) return { problem: 'expected text of at most 8192 characters' };
    return read(value);
  });
};

/** Text as it comes, but for one that is empty or spans lines. */
export const line = (value: string): Reading<string> => {
  if (value === '') return { problem: 'is empty' };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return /[\u0000-\u001f\u007f]/.test(value)
    ? { problem: 'expected text without line breaks or control characters' }
    : { value };
};

/** A list of at most 1000 values. */
export const list = <Element extends z.ZodType>(description: string, element: Element, least = 0) =>
  (least === 0 ? z.array(element) : z.array(element).min(least)).max(1000).meta({ description });
