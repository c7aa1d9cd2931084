import { attempt, type Sources } from './substitute.ts';
import type { Problem } from './tree-walk.ts';

/** A problem for each file of `server.tls` that cannot be read: told where it is named, before anything listens. */
export const tlsProblems = (file: unknown, readFile: Sources['readFile']): readonly Problem[] => {
  const tls = at(at(file, 'server'), 'tls');
  return ['cert', 'key'].flatMap((key) => {
    const path = at(tls, key);
    if (typeof path !== 'string' || path === '') return [];
    const read = attempt(() => readFile(path));
    if (typeof read === 'string') return [];
    return [{ path: ['server', 'tls', key], at: 'value', message: `cannot read ${path}: ${read.why}` }];
  });
};

const at = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
