import { readTree, type Tree } from './document.ts';
import type { Fault } from './faults.ts';
import { type Path, renderPath } from './paths.ts';
import type { Config } from './schema.ts';
import { opsSchema } from './schema-server.ts';
import { isAddress, secretsOf } from './secrets.ts';
import { attempt, expand, type Inserted, type Sources } from './substitute.ts';
import { tlsProblems } from './tls-files.ts';
import type { Problem, ReadText } from './tree-walk.ts';
import { validate } from './validate.ts';

/** A checked configuration with the texts that no log may hold, or everything that is wrong with it. */
export type Loaded =
  | { readonly ok: true; readonly config: Config; readonly secrets: readonly string[] }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export interface LoadOptions extends Sources {
  /** The file's content. */
  readonly text: string;
  /** What to call the file in faults. */
  readonly file: string;
}

const MAX_CHARACTERS = 1024 * 1024;

/** Nobody reads more; a file that is not YAML at all would have thousands. */
const MAX_FAULTS = 100;

/** Reads a configuration file: YAML, values from outside, schema, rules. Tells all faults at once. Never throws. */
export const loadConfig = ({ text, file, env, readFile }: LoadOptions): Loaded => {
  if (text.length > MAX_CHARACTERS) return { ok: false, faults: [wholeFile(file, 'is larger than 1MiB')] };
  const inserted: Placed[] = [];
  const tree = readTree(text, collecting(inserted, { env, readFile }));
  const syntax = tree.syntax.map(({ offset, message, suggestion }) =>
    fault(file, tree.position(offset), '', message, suggestion),
  );
  if (tree.syntax.some(({ fatal }) => fatal)) return failed(syntax);
  if (tree.value === undefined) return failed([...syntax, wholeFile(file, 'is empty', 'headgate init URL writes one')]);
  const unread = tree.problems.map(({ path }) => path);
  const result = validate(tree.value, env, unread);
  const told = result.ok ? tree.problems : [...tree.problems, ...result.problems];
  const places = new Set(told.map(({ path }) => renderPath(path)));
  const unreadable = tlsProblems(tree.value, readFile).filter(({ path }) => !places.has(renderPath(path)));
  const problems = [...told, ...unreadable];
  if (result.ok && problems.length === 0 && syntax.length === 0) {
    return {
      ok: true,
      config: result.config,
      secrets: secretsOf(
        result.config,
        inserted.filter(isSecret).map(({ value }) => value),
      ),
    };
  }
  return failed([...syntax, ...problems.map((problem) => located(file, tree, problem, inserted))]);
};

/** Reads the file at `path`; one that cannot be read is a fault like any other. */
export const loadConfigFile = (path: string, sources: Sources): Loaded => {
  const text = attempt(() => sources.readFile(path));
  if (typeof text !== 'string') return failed([wholeFile(path, `cannot be read: ${text.why}`)]);
  return loadConfig({ text, file: path, ...sources });
};

/**
 * Where the ops listener of an instance with this file is. Looks at nothing else in the file: it may be edited, and wrong
 * for a moment, while an instance runs that refused the edit and is well.
 */
export const opsAddress = (
  path: string,
  sources: Sources,
): { readonly host: string; readonly port: number } | undefined => {
  const text = attempt(() => sources.readFile(path));
  if (typeof text !== 'string' || text.length > MAX_CHARACTERS) return undefined;
  const { value } = readTree(text, collecting([], sources));
  const ops: unknown = typeof value === 'object' && value !== null && 'ops' in value ? value.ops : undefined;
  const address =
    typeof ops === 'object' && ops !== null ? { host: at(ops, 'host'), port: at(ops, 'port') } : undefined;
  const result = opsSchema.safeParse(address);
  return result.success ? { host: result.data.host, port: result.data.port } : undefined;
};

const at = (value: object, key: string): unknown => (key in value ? value[key as keyof typeof value] : undefined);

interface Placed extends Inserted {
  readonly path: Path;
}

const collecting =
  (inserted: Placed[], sources: Sources): ReadText =>
  (text, path) => {
    const expanded = expand(text, sources);
    if (!expanded.ok) return expanded;
    inserted.push(...expanded.inserted.map((one) => ({ ...one, path })));
    return expanded;
  };

/** Whether what was put in is a secret: everything but ports, names and the like, which stand in every log line. */
const isSecret = ({ path, reference, value }: Placed): boolean => {
  const key = path.at(-1);
  if (reference.startsWith('file:') || path.includes('headers') || key === 'token') return true;
  return (key === 'url' || key === 'ws') && !isAddress(value);
};

const fault = (
  file: string,
  { line, column }: { readonly line: number; readonly column: number },
  key: string,
  message: string,
  suggestion?: string,
): Fault => ({ file, line, column, key, message, ...(suggestion === undefined ? {} : { suggestion }) });

const wholeFile = (file: string, message: string, suggestion?: string): Fault =>
  fault(file, { line: 1, column: 1 }, '', message, suggestion);

const located = (file: string, tree: Tree, problem: Problem, inserted: readonly Placed[]): Fault => {
  const key = renderPath(problem.path);
  const from = inserted.filter(({ path }) => renderPath(path) === key).map(({ reference }) => reference);
  const message = from.length === 0 ? problem.message : `${problem.message} (it comes from ${from.join(' and ')})`;
  return fault(file, tree.place(problem.path, problem.at), key, message, problem.suggestion);
};

const failed = (faults: readonly Fault[]): Loaded => ({ ok: false, faults: faults.slice(0, MAX_FAULTS) });
