import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, runCommand } from '../support/run-command.ts';

const temporary = () => mkdtempDisposable(join(tmpdir(), 'headgate-ci-'));
const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);

/** Runs these test files with the project's reporter, as `npm test` does. */
const runTests = async (files: Readonly<Record<string, string>>) => {
  await using folder = await temporary();
  symlinkSync(join(root, 'node_modules'), join(folder.path, 'node_modules'));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder.path, name), `import { it, expect } from 'vitest';\n${text}`);
  }
  const words = ['run', '--root', folder.path, '--reporter', 'default'];
  const reporter = ['--reporter', join(root, 'test/support/count-reporter.ts')];
  return await runCommand(join(root, 'node_modules/.bin/vitest'), [...words, ...reporter]);
};

describe('the line that counts the tests', () => {
  it('is the last one, alone, and plain', async () => {
    const { code, stdout } = await runTests({ 'a.test.ts': `it('a', () => {}); it('b', () => {});` });
    expect(lastLine(stdout)).toBe('tests: 2 passed, 0 failed');
    expect(code).toBe(0);
  });

  it('counts what failed, what was skipped, and files that could not be loaded', async () => {
    const { code, stdout } = await runTests({
      'a.test.ts': `it('a', () => {}); it('b', () => expect(1).toBe(2)); it.skip('c', () => {}); it.todo('d');`,
      'b.test.ts': `import './missing.ts';`,
    });
    expect(lastLine(stdout)).toBe('tests: 1 passed, 2 failed, 2 skipped');
    expect(code).toBe(1);
  });

  it('counts what was thrown outside any test', async () => {
    const { code, stdout } = await runTests({
      'a.test.ts': `it('a', () => { void Promise.reject(new Error('x')); });`,
    });
    expect(lastLine(stdout)).toBe('tests: 1 passed, 1 failed');
    expect(code).toBe(1);
  });
});

/** What .ci/run and the commands below need of the system. */
const tools = ['bash', 'sh', 'cat', 'dirname', 'grep', 'mktemp', 'rm', 'tail', 'tee'];

/**
 * Runs .ci/run with an npm whose commands end as given, and with nothing else on the machine than `tools`, an apt-get
 * that ends with `apt`, and a Redis server where `redis` says so; tells what was called too.
 */
const runCi = async (codes: readonly number[], { redis = true, apt = 0 } = {}) => {
  const [tests = 0, calls = 0, events = 0, checks = 0] = codes;
  await using folder = await temporary();
  for (const name of ['.ci', 'bin']) mkdirSync(join(folder.path, name));
  writeFileSync(join(folder.path, '.ci/run'), readFileSync(join(root, '.ci/run')));
  const command = (name: string, text: string): void => {
    writeFileSync(join(folder.path, 'bin', name), `#!/bin/sh\necho "${name} $*" >> ${folder.path}/called\n${text}\n`);
    chmodSync(join(folder.path, 'bin', name), 0o755);
  };
  const ends = [
    `[ "$*" = test ] && { echo 'tests: 7 passed, 0 failed'; exit ${tests}; }`,
    `[ "$2" = soak:calls ] && exit ${calls}`,
    `[ "$2" = soak:events ] && exit ${events}`,
    `exit ${checks}`,
  ];
  command('npm', ends.join('\n'));
  command('apt-get', `exit ${apt}`);
  if (redis) command('redis-server', '');
  for (const tool of tools) {
    const found = (process.env['PATH'] ?? '').split(':').find((directory) => existsSync(join(directory, tool)));
    symlinkSync(join(found ?? '', tool), join(folder.path, 'bin', tool));
  }
  const env = { PATH: join(folder.path, 'bin'), CI: 'true' };
  const finished = await runCommand('bash', [join(folder.path, '.ci/run')], { cwd: tmpdir(), env });
  return { ...finished, called: readFileSync(join(folder.path, 'called'), 'utf8') };
};

describe('.ci/run', () => {
  it('can be executed, and runs the command that the README names', () => {
    expect(() => accessSync(join(root, '.ci/run'), constants.X_OK)).not.toThrow();
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toMatch(/^npm test\b/m);
  });

  const all = /^npm test\nnpm run soak:calls -- --seed \d+ .*\nnpm run soak:events -- --seed \d+ .*\nnpm run check\n$/;

  it('runs the tests, both soaks, then every check, and ends with the line that counts the tests', async () => {
    const { code, stdout, called } = await runCi([]);
    expect(called).toMatch(all);
    expect(lastLine(stdout)).toBe('tests: 7 passed, 0 failed');
    expect(code).toBe(0);
  });

  it.each([
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ])('fails when tests, soaks, checks end with %i, %i, %i, %i, after running all', async (...codes) => {
    const { code, stdout, called } = await runCi(codes);
    expect(called).toMatch(all);
    expect(lastLine(stdout)).toBe('tests: 7 passed, 0 failed');
    expect(code).toBe(1);
  });

  it.each([
    [0, false],
    [100, true],
  ])('asks for a Redis server where there is none, and goes on when that ends with %i', async (apt, says) => {
    const { code, stdout, called } = await runCi([], { redis: false, apt });
    expect(called).toMatch(
      /^apt-get update\n(?:apt-get install .*redis-server\n)?npm test\n(?:npm run soak.*\n){2}npm run check\n$/,
    );
    expect(stdout.includes('its tests are skipped')).toBe(says);
    expect(code).toBe(0);
  });
});
