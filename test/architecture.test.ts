import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, runCommand } from './support/run-command.ts';

interface Row {
  readonly room: string;
  readonly rooms: readonly string[];
  readonly types: readonly string[];
  readonly packages: readonly string[];
}

const namesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

/** The table of rooms, as ARCHITECTURE.md has it. */
const table: readonly Row[] = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| `\w+` \|/.test(line))
  .map((line) => line.split('|').slice(1, -1))
  .map(([room, , rooms, types, packages]) => ({
    room: namesIn(room)[0] ?? '',
    rooms: namesIn(rooms),
    types: namesIn(types),
    packages: namesIn(packages),
  }));

/** Files that a package lives behind: what they may import more than their room. */
const homes: Readonly<Record<string, readonly string[]>> = {
  'src/upstream/http-transport.ts': ['undici'],
  'src/upstream/ws-transport.ts': ['ws'],
  'src/ingress/ws.ts': ['ws', 'fastify'],
  'src/ingress/ws-frames.ts': ['ws', 'fastify'],
  'src/cache/memory-store.ts': ['lru-cache'],
};

const pure = [
  'lib',
  'jsonrpc',
  'ethereum',
  'core',
  'policy',
  'chain',
  'cache',
  'head',
  'router',
  'subscription',
  'status',
];
const standing = readdirSync(join(root, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);
/** Those that stand, and those whose place is kept in the table. */
const folders = [...new Set([...standing, ...table.map((row) => row.room)])];
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const packages = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
  (name) => !name.startsWith('@types/'),
);

/** One import statement, and whether the borders let it pass. */
interface Probe {
  readonly source: string;
  readonly legal: boolean;
}

const probesOf = (row: Row, ownPackages: readonly string[]): Probe[] => {
  const values = row.rooms;
  const types = [...row.rooms, ...row.types];
  const statements: readonly (readonly [string, boolean])[] = [
    ...folders
      .filter((folder) => folder !== row.room)
      .flatMap((other): [string, boolean][] => [
        [`import { NAME } from '../${other}/x.ts';`, values.includes(other)],
        [`import type { NAME } from '../${other}/x.ts';`, types.includes(other)],
        [`export * from '../${other}/x.ts';`, values.includes(other)],
      ]),
    ...packages.flatMap((name): [string, boolean][] => [
      [`import NAME from '${name}';`, ownPackages.includes(name)],
      [`import type NAME from '${name}';`, ownPackages.includes(name)],
      [`import NAME from '${name}/inner.js';`, ownPackages.includes(name)],
    ]),
    [`import type { NAME } from '../app.ts';`, false],
    [`import type { NAME } from '../pipeline.ts';`, false],
    [`import type { NAME } from '../main.ts';`, false],
    [`import { NAME } from './neighbour.ts';`, true],
    [`import { NAME } from '../../test/support/x.ts';`, false],
    [`import { NAME } from '../lib/../router/x.ts';`, false],
    [`import NAME from 'node:process';`, false],
    [`import { NAME } from 'node:net';`, !pure.includes(row.room)],
    [`import { NAME } from 'node:crypto';`, true],
  ];
  return statements.map(([text, legal], index) => ({ source: text.replace('NAME', `n${index}`), legal }));
};

/** What each rule has to catch, and a file in which it would stand. */
const faults: Readonly<Record<string, { readonly file: string; readonly source: string }>> = {
  'typescript(no-floating-promises)': { file: 'src/lib/a.ts', source: 'Promise.resolve(1);' },
  'typescript(no-misused-promises)': { file: 'src/lib/b.ts', source: '[1].forEach(async () => {});' },
  'typescript(await-thenable)': { file: 'src/lib/c.ts', source: 'await 1;' },
  'typescript(switch-exhaustiveness-check)': {
    file: 'src/lib/d.ts',
    source: `export const f = (x: 'a' | 'b'): number => { switch (x) { case 'a': return 1; } return 2; };`,
  },
  'typescript(no-explicit-any)': { file: 'src/lib/e.ts', source: 'export const x: any = 1;' },
  'eslint(eqeqeq)': { file: 'src/lib/f.ts', source: 'export const f = (x: number): boolean => x == 1;' },
  'eslint(max-lines)': { file: 'src/lib/g.ts', source: 'export {};\n'.repeat(301) },
  'eslint(max-lines-per-function)': {
    file: 'src/lib/h.ts',
    source: `export const f = (): void => {\n${'void 0;\n'.repeat(60)}};`,
  },
  'eslint(no-console)': { file: 'src/router/i.ts', source: `console.log('x');` },
  'node(no-process-env)': { file: 'src/router/j.ts', source: 'export const x = process.env;' },
  'unicorn(no-process-exit)': { file: 'src/commands/k.ts', source: 'process.exit(1);' },
  'eslint(no-restricted-globals)': { file: 'src/router/l.ts', source: 'setTimeout(() => {}, 1);' },
  'eslint(no-restricted-properties)': { file: 'src/router/m.ts', source: 'export const x = Date.now();' },
  'import(no-cycle)': {
    file: 'src/lib/n.ts',
    source: `import type { O } from './o.ts';\nexport interface N { o?: O }`,
  },
  'typescript(consistent-type-imports)': {
    file: 'src/lib/p.ts',
    source: `export type P = import('../router/x.ts').X;`,
  },
  'eslint(no-restricted-imports)': { file: 'src/app.ts', source: `import { r } from './commands/r.ts';` },
  'typescript(no-require-imports)': { file: 'src/lib/q.ts', source: `export const q = require('undici');` },
};

/** Sources that stay within the rules that the faults above break. */
const sound: Readonly<Record<string, string>> = {
  'src/lib/clock.ts': 'export const now = (): number => Date.now();\nsetTimeout(() => {}, 1).unref();',
  'src/config/load.ts': 'export const home = process.env;',
  'src/main.ts': `import { m } from './commands/m.ts';\nimport { n } from './router/n.ts';\nm(n);\nconsole.log('x');\nprocess.exit(1);`,
  'src/commands/good.ts': `import { app } from '../app.ts';\napp();\nconsole.log('x');`,
  'test/lib/long.test.ts': `export const f = (): void => {\n${'void 0;\n'.repeat(100)}};`,
};

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

let folder = '';
let found: readonly Diagnostic[] = [];

const write = (file: string, text: string) => {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), `${text}\n`);
};

const probeFiles = [
  ...table.map((row) => ({ file: `src/${row.room}/probe.ts`, row, own: row.packages })),
  ...Object.entries(homes).map(([file, own]) => ({ file, row: table.find((row) => file.includes(row.room))!, own })),
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-borders-'));
  for (const name of ['oxlint.config.ts', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(folder, name));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const name of folders) mkdirSync(join(folder, 'src', name), { recursive: true });
  for (const { file, row, own } of probeFiles) {
    write(
      file,
      probesOf(row, own)
        .map(({ source }) => source)
        .join('\n'),
    );
  }
  for (const { file, source } of Object.values(faults)) write(file, source);
  for (const [file, source] of Object.entries(sound)) write(file, source);
  write('src/lib/o.ts', `import type { N } from './n.ts';\nexport interface O { n?: N }`);
  const oxlint = join(root, 'node_modules/.bin/oxlint');
  const { stdout } = await runCommand(oxlint, ['--format', 'json', 'src', 'test'], { cwd: folder });
  found = JSON.parse(stdout).diagnostics;
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the table of rooms', () => {
  it('has a row for every folder in src', () => {
    expect(table.map((row) => row.room)).toEqual(
      expect.arrayContaining(standing.filter((name) => name !== 'commands')),
    );
  });

  it.each(probeFiles)('is what lint holds $file to, types included', ({ file, row, own }) => {
    const refused = new Set(
      found
        .filter(({ code, filename }) => filename.endsWith(file) && code === 'eslint(no-restricted-imports)')
        .map(({ labels }) => labels[0]?.span.line),
    );
    const probes = probesOf(row, own);
    const verdicts = probes.map(({ source }, index) => `${refused.has(index + 1) ? 'no ' : 'yes'} ${source}`);
    expect(verdicts).toEqual(probes.map(({ source, legal }) => `${legal ? 'yes' : 'no '} ${source}`));
  });
});

describe('lint', () => {
  it.each(Object.entries(faults))('catches %s', (code, { file }) => {
    expect(found.filter(({ filename }) => filename.endsWith(file)).map((diagnostic) => diagnostic.code)).toContain(
      code,
    );
  });

  it.each(Object.keys(sound))('finds nothing against %s', (file) => {
    expect(found.filter(({ filename }) => filename.endsWith(file))).toEqual([]);
  });
});
