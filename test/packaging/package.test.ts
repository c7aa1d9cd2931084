import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, runCommand } from '../support/run-command.ts';

const patient = 240_000;
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entry = join(root, 'bin/headgate.cjs');

/** Runs the command's entry as if Node had another version. */
const runOn = (version: string) => {
  const script = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } }); require('${entry}')`;
  return runCommand(process.execPath, ['-e', script]);
};

describe('the published command', () => {
  it.each(['8.17.0', '20.20.2', '23.99.0'])(
    'says on Node %s what it needs and how to get it, before all else',
    async (old) => {
      const { code, stdout, stderr } = await runOn(old);
      expect(code).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toMatch(`headgate: this is Node ${old}, and 24 or later is needed.\n`);
      expect(stderr).toContain('nodejs.org');
    },
  );

  it('has an entry that a Node without arrows, templates and import() can read', () => {
    const code = readFileSync(entry, 'utf8').replace(/^#!.*|\/\/.*$/gm, '');
    expect(code).not.toMatch(/=>|`|\bimport\b|\b(const|let|class|async|await)\b|\?\.|\?\?/);
  });

  it('asks for the same Node in its manifest, its entry and the script that starts a checkout', () => {
    expect(manifest.engines.node).toBe('>=24');
    expect(readFileSync(entry, 'utf8')).toContain('var needed = 24;');
    expect(readFileSync(join(root, 'scripts/start.mjs'), 'utf8')).toContain('const needed = 24;');
    expect(manifest.devDependencies.node).toMatch(/^\^24\./);
  });
});

describe('the published package', () => {
  it(
    'holds the compiled program and what goes with it, no sources and no tests, and runs',
    async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'headgate-pack-'));
      const work = join(folder.path, 'headgate');
      const ingredients = readdirSync(root).filter((name) => !/^(node_modules|dist|coverage|\..*)$/.test(name));
      for (const name of ingredients) cpSync(join(root, name), join(work, name), { recursive: true });
      // What `prepack` does, without npm, which would take the linked folder for its own and empty it.
      await runCommand('ln', ['-s', join(root, 'node_modules'), join(work, 'node_modules')]);
      const built = await runCommand(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], { cwd: work });
      expect(built.code, built.stdout).toBe(0);
      const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder.path];
      const packed = await runCommand('npm', words, { cwd: work });
      expect(packed.code, packed.stderr).toBe(0);
      const [{ filename, files }] = JSON.parse(packed.stdout);
      const paths: readonly string[] = files.map((file: { path: string }) => file.path);
      expect(paths).toEqual(
        expect.arrayContaining([
          'bin/headgate.cjs',
          'bin/load.cjs',
          'dist/main.js',
          'LICENSE',
          'README.md',
          'package.json',
        ]),
      );
      expect(paths).toEqual(expect.arrayContaining(['config.example.yaml', 'config.schema.json']));
      expect(paths.filter((path) => /^(src|test|bench|scripts|deploy)\/|\.tsx?$|\.env/.test(path))).toEqual([]);

      await runCommand('tar', ['-xzf', join(folder.path, filename), '-C', folder.path]);
      const unpacked = join(folder.path, 'package');
      await runCommand('ln', ['-s', join(root, 'node_modules'), join(unpacked, 'node_modules')]);
      const ran = await runCommand(process.execPath, [join(unpacked, 'bin/headgate.cjs'), '--version']);
      expect(ran.stderr).toBe('');
      expect(ran.stdout).toContain(manifest.version);
      expect(ran.code).toBe(0);
    },
    patient,
  );
});
