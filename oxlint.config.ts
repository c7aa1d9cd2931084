import { readFileSync, readdirSync } from 'node:fs';
import { defineConfig } from 'oxlint';

/** What a room may import. `types` of a room are its interfaces and option types, never code that runs. */
interface Border {
  readonly rooms: readonly string[];
  readonly types?: readonly string[];
  readonly packages?: readonly string[];
  /** Sockets, files, processes: only for rooms whose work they are. */
  readonly io?: boolean;
}

const core = ['lib', 'jsonrpc', 'ethereum', 'core'];

/** The table of ARCHITECTURE.md, room by room. */
const borders: Readonly<Record<string, Border>> = {
  lib: { rooms: [] },
  jsonrpc: { rooms: ['lib'] },
  ethereum: { rooms: ['lib', 'jsonrpc'], packages: ['@noble/curves', '@noble/hashes'] },
  core: { rooms: ['lib', 'jsonrpc', 'ethereum'] },
  policy: { rooms: core },
  chain: { rooms: core, types: ['head', 'subscription'] },
  cache: { rooms: core },
  upstream: { rooms: core, io: true },
  head: { rooms: core, types: ['upstream'] },
  router: { rooms: core, types: ['upstream', 'head'] },
  subscription: { rooms: core, types: ['head'] },
  ingress: { rooms: core, types: ['subscription'], packages: ['fastify'], io: true },
  devnet: { rooms: ['lib'], packages: ['@noble/hashes', 'undici'], io: true },
  telemetry: { rooms: core, packages: ['pino', 'pino-pretty', 'prom-client'], io: true },
  status: { rooms: core, types: ['head'] },
  config: {
    rooms: ['lib'],
    types: [
      'jsonrpc',
      'ethereum',
      'core',
      'policy',
      'chain',
      'cache',
      'upstream',
      'head',
      'router',
      'subscription',
      'ingress',
      'telemetry',
    ],
    packages: ['yaml', 'zod'],
    io: true,
  },
};

/** Files within a room behind which a package lives. */
const homes: readonly { readonly file: string; readonly room: string; readonly packages: readonly string[] }[] = [
  { file: 'http-transport', room: 'upstream', packages: ['undici'] },
  { file: 'ws-transport', room: 'upstream', packages: ['ws'] },
  { file: 'ws*', room: 'ingress', packages: ['fastify', 'ws'] },
  { file: 'memory-store', room: 'cache', packages: ['lru-cache'] },
  { file: 'redis-connection', room: 'cache', packages: ['@redis/client'] },
];

const here = import.meta.dirname;
const { dependencies, devDependencies } = JSON.parse(readFileSync(`${here}/package.json`, 'utf8'));
const known = Object.keys({ ...dependencies, ...devDependencies });
const folders = readdirSync(`${here}/src`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

const without = (all: readonly string[], some: readonly string[]) => all.filter((one) => !some.includes(one));
const oneOf = (words: readonly string[]) => `(${words.join('|')})`;
const say = (words: readonly string[]) => words.join(', ') || 'nothing';

const endless = { regex: '^node:process$', message: 'Only main ends the process.' };
const roundabout = { regex: '/\\.\\.?/', message: 'One way to name a file: ./x.ts or ../room/x.ts.' };

const packagesBut = (allowed: readonly string[]) => ({
  regex: `^${oneOf([...without(known, allowed), '@(fastify|types)'])}(/|$)`,
  message: `Of the packages, only these belong here: ${say(allowed)}.`,
});

/** The rule for one room, or for one file of it with packages of its own. */
const guard = (room: string, { rooms, types = [], packages = [], io = false }: Border) => [
  'error',
  {
    patterns: [
      roundabout,
      { regex: '^\\.\\./[^/]*$', message: 'Nobody imports app, pipeline or main.' },
      {
        regex: `^\\.\\./${oneOf(without(folders, [...rooms, ...types]))}/`,
        message: `${room} imports ${say(rooms)}; the types of ${say(types)}.`,
      },
      ...(types.length > 0
        ? [{ regex: `^\\.\\./${oneOf(types)}/`, allowTypeImports: true, message: `${room} knows these only by type.` }]
        : []),
      packagesBut(packages),
      io
        ? endless
        : {
            regex: '^node:(net|tls|https?|http2|dns|dgram|fs|child_process|worker_threads|cluster|timers|process)\\b',
            message: 'This room does no I/O.',
          },
    ],
  },
];

const guards = [
  ...Object.entries(borders).map(([room, border]) => ({
    files: [`src/${room}/*.ts`],
    rules: { 'no-restricted-imports': guard(room, border) },
  })),
  ...homes.map(({ file, room, packages }) => ({
    files: [`src/${room}/${file}.ts`],
    rules: { 'no-restricted-imports': guard(room, { ...borders[room]!, packages }) },
  })),
  {
    files: ['src/commands/*.ts', 'src/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [packagesBut([]), endless, { regex: '/main\\.ts$', message: 'Nobody imports main.' }] },
      ],
    },
  },
  {
    files: ['src/*.ts'],
    excludeFiles: ['src/main.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            packagesBut([]),
            endless,
            { regex: '^\\./(main\\.ts$|commands/)', message: 'Nobody imports main or the commands.' },
          ],
        },
      ],
    },
  },
];

const clock = 'Time is injected: use a Clock.';

export default defineConfig({
  plugins: ['typescript', 'oxc', 'unicorn', 'import', 'node', 'promise'],
  categories: { correctness: 'error' },
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['node_modules/**', 'dist/**', 'coverage/**'],
  rules: {
    // Both forbid what is often meant: a copy to walk over, and bytes that must not be in a name.
    'unicorn/no-useless-spread': 'off',
    'no-control-regex': 'off',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/no-explicit-any': 'error',
    // A promise returned out of a try or a using block is otherwise awaited after the block has ended.
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/only-throw-error': 'error',
    'typescript/consistent-type-imports': ['error', { disallowTypeAnnotations: true }],
    'typescript/no-import-type-side-effects': 'error',
    'typescript/no-require-imports': 'error',
    'import/no-cycle': ['error', { ignoreTypes: false }],
    eqeqeq: 'error',
    'max-lines': ['error', { max: 300 }],
    'max-lines-per-function': ['error', { max: 60 }],
    'no-console': 'error',
    'node/no-process-env': 'error',
    'unicorn/no-process-exit': 'error',
  },
  overrides: [
    {
      files: ['src/**/*.ts'],
      rules: {
        'no-restricted-globals': [
          'error',
          { name: 'setTimeout', message: clock },
          { name: 'setInterval', message: clock },
        ],
        'no-restricted-properties': [
          'error',
          { object: 'Date', property: 'now', message: clock },
          { object: 'performance', property: 'now', message: clock },
          { object: 'Math', property: 'random', message: 'Chance is injected: take a () => number.' },
          { object: 'process', property: 'exitCode', message: 'Only main ends the process.' },
        ],
      },
    },
    ...guards,
    {
      // Runs real processes, and people watch it.
      files: ['src/devnet/*.ts', 'src/commands/*.ts', 'src/main.ts'],
      rules: { 'no-console': 'off', 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
    },
    {
      files: ['src/main.ts'],
      rules: {
        'node/no-process-env': 'off',
        'unicorn/no-process-exit': 'off',
        'no-restricted-imports': ['error', { patterns: [packagesBut([])] }],
      },
    },
    { files: ['bin/*.cjs'], rules: { 'typescript/no-require-imports': 'off' } },
    { files: ['src/config/load.ts'], rules: { 'node/no-process-env': 'off' } },
    { files: ['src/config/write-schema.ts'], rules: { 'no-console': 'off' } },
    { files: ['src/lib/clock.ts'], rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' } },
    {
      files: ['test/**/*.ts', 'bench/**/*.ts', 'scripts/*.mjs', 'bin/*.cjs'],
      rules: {
        'max-lines': ['error', { max: 600 }],
        'max-lines-per-function': 'off',
        'no-console': 'off',
        'node/no-process-env': 'off',
        'unicorn/no-process-exit': 'off',
      },
    },
  ],
});
