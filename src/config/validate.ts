import type * as z from 'zod';
import type { Problem } from './tree-walk.ts';
import { knownKeys } from './known-keys.ts';
import { type Path, renderPath } from './paths.ts';
import { wholeFileProblems } from './rules.ts';
import { type Config, configSchema } from './schema.ts';
import { suggestKey } from './suggest.ts';

export type Validated =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Checks plain values against the schema and the rules for the whole file. `ops.token` falls back on
 * `HEADGATE_OPS_TOKEN`. `unread` are the places whose value could not be made out: nothing more is said about them.
 */
export const validate = (file: unknown, env: Env, unread: readonly Path[] = []): Validated => {
  const result = configSchema.safeParse(withToken(file, env['HEADGATE_OPS_TOKEN'] ?? ''), { reportInput: true });
  const shape = result.success ? [] : result.error.issues.flatMap(problemsOf);
  const silent = new Set(unread.map(renderPath));
  const problems = distinct([...shape, ...wholeFileProblems(file)]).filter(({ path }) => !silent.has(renderPath(path)));
  if (result.success && problems.length === 0) return { ok: true, config: result.data };
  return { ok: false, problems };
};

export type Env = Readonly<Record<string, string | undefined>>;

/** The default of `ops.token` is a reference, and references are followed before the schema sees the file. */
const withToken = (file: unknown, token: string): unknown => {
  if (typeof file !== 'object' || file === null || Array.isArray(file)) return file;
  const ops: unknown = 'ops' in file && file.ops !== undefined ? file.ops : {};
  if (typeof ops !== 'object' || ops === null || Array.isArray(ops)) return file;
  return { ...file, ops: { ...ops, token: 'token' in ops && ops.token !== undefined ? ops.token : token } };
};

/** Of one place. A file for another program has nothing but unknown keys. */
const MAX_UNKNOWN = 50;

const problemsOf = (issue: z.core.$ZodIssue): readonly Problem[] => {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys().map(({ pattern }) => pattern);
      return issue.keys.slice(0, MAX_UNKNOWN).map((key) => ({
        path: [...path, key],
        at: 'key',
        message: 'unknown key',
        suggestion: suggestKey(path, key, known),
      }));
    }
    case 'invalid_type':
      return [
        {
          path,
          at: 'value',
          message: issue.input === undefined && path.length > 0 ? 'is required' : expectation(issue.expected),
        },
      ];
    case 'too_small':
      return [{ path, at: 'value', message: 'needs at least one item' }];
    case 'too_big':
      return [{ path, at: 'value', message: `has more than ${issue.maximum} items` }];
    default: {
      const suggestion: unknown = issue.code === 'custom' ? issue.params?.['suggestion'] : undefined;
      return [
        {
          path,
          at: 'value',
          message: issue.message,
          suggestion: typeof suggestion === 'string' ? suggestion : undefined,
        },
      ];
    }
  }
};

const expectation = (expected: string): string =>
  expected === 'array'
    ? 'expected a list (lines that begin with "- ")'
    : 'expected keys and values (lines such as "key: value")';

/** One thing may be wrong in two ways, such as a name that is neither allowed nor unique; the first says enough. */
const distinct = (problems: readonly Problem[]): readonly Problem[] => {
  const seen = new Set<string>();
  return problems.filter(({ path }) => {
    const place = renderPath(path);
    return seen.has(place) ? false : seen.add(place) !== undefined;
  });
};
