/** Where values come from that are not in the file itself. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The whole text of a file. Throws as `readFileSync` does where it cannot be read. */
  readonly readFile: (path: string) => string;
}

/** What a string of the file stands for. */
export type Expanded =
  | { readonly ok: true; readonly text: string; readonly inserted: readonly Inserted[] }
  | { readonly ok: false; readonly problem: string; readonly suggestion?: string };

/** A value from outside, and how the file refers to it. */
export interface Inserted {
  readonly value: string;
  /** `${NAME}`, or `file:` and the path. */
  readonly reference: string;
}

const MAX_FILE = 64 * 1024;

/**
 * Puts values from outside into a string: `${NAME}`, `${NAME:-default}` (also where NAME is empty), `$$` for a dollar sign;
 * a string that begins with `file:` is the content of that file, a trailing newline trimmed. What was put in is not
 * looked at again, so a secret can hold any character.
 */
export const expand = (text: string, sources: Sources): Expanded => {
  const inserted: Inserted[] = [];
  let failure: (Expanded & { ok: false }) | undefined;
  const result = text.replace(
    /\$(?:\$|\{([^}]*)(\}?))/g,
    (whole, body: string | undefined, end: string | undefined) => {
      if (body === undefined) return '$';
      const part = variable(body, end === '}', sources.env);
      if (part.ok) inserted.push(...part.inserted);
      else failure ??= part;
      return part.ok ? part.text : whole;
    },
  );
  if (failure !== undefined) return failure;
  return text.startsWith('file:') ? contents(result, text, sources) : { ok: true, text: result, inserted };
};

const variable = (body: string, closed: boolean, env: Sources['env']): Expanded => {
  if (!closed) return { ok: false, problem: '"${" is not closed', suggestion: 'write $$ for a dollar sign' };
  const match = /^([A-Za-z_]\w*)(?::-(.*))?$/s.exec(body);
  const [, name, fallback] = match ?? [];
  if (name === undefined || fallback?.includes('${') === true) {
    return { ok: false, problem: 'expected ${NAME} or ${NAME:-default}', suggestion: 'write $$ for a dollar sign' };
  }
  const value = env[name];
  if (fallback !== undefined && (value === undefined || value === ''))
    return { ok: true, text: fallback, inserted: [] };
  if (value !== undefined) return { ok: true, text: value, inserted: [{ value, reference: `\${${name}}` }] };
  const suggestion = `set it, or write \${${name}:-default}`;
  return { ok: false, problem: `the environment variable ${name} is not set`, suggestion };
};

const contents = (text: string, reference: string, sources: Sources): Expanded => {
  const path = text.slice('file:'.length);
  if (!path.startsWith('/'))
    return { ok: false, problem: 'file: needs an absolute path, such as file:/run/secrets/token' };
  const read = attempt(() => sources.readFile(path));
  if (typeof read !== 'string') return { ok: false, problem: `cannot read ${path}: ${read.why}` };
  if (read.length > MAX_FILE) return { ok: false, problem: `${path} is larger than 64KiB` };
  const value = read.replace(/\r?\n$/, '');
  return { ok: true, text: value, inserted: [{ value, reference }] };
};

/** What the file system gave, or in a few words why it gave nothing, with its own code for it. */
export const attempt = (read: () => string): string | { readonly why: string; readonly code: string } => {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return { code, why: reasons.get(code) ?? (error instanceof Error ? error.message : 'it failed') };
  }
};

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or folder'],
  ['EACCES', 'permission denied'],
  ['EISDIR', 'it is a directory'],
]);
