import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, runCommand } from '../support/run-command.ts';

interface Entry {
  readonly version: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}

interface Lockfile {
  packages: Record<string, Entry>;
}

const file = join(root, 'package-lock.json');
const text = readFileSync(file, 'utf8');
const lock: Lockfile = JSON.parse(text);
const script = join(root, 'scripts/complete-lockfile.mjs');

/** Runs the script over a lockfile and tells what it made of it. */
const complete = async (before: Lockfile) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'headgate-lock-'));
  const copy = join(folder.path, 'package-lock.json');
  writeFileSync(copy, JSON.stringify(before));
  const check = await runCommand(process.execPath, [script, '--check', copy]);
  const { code, stderr } = await runCommand(process.execPath, [script, copy]);
  const after: Lockfile = JSON.parse(readFileSync(copy, 'utf8'));
  return { check, code, stderr, after };
};

const platformOf = ({ os, cpu, libc }: Entry) => ({ os, cpu, libc });

describe('the lockfile', () => {
  it('names every platform package that a tool asks for', async () => {
    const { code, stdout } = await runCommand(process.execPath, [script, '--check']);
    expect(stdout).toBe('The lockfile names every platform.\n');
    expect(code).toBe(0);
  });

  it('names all five of anvil, of one version, as optional development packages', () => {
    const version = lock.packages['node_modules/@foundry-rs/anvil']?.version;
    const expected = {
      'darwin-amd64': { os: ['darwin'], cpu: ['x64'] },
      'darwin-arm64': { os: ['darwin'], cpu: ['arm64'] },
      'linux-amd64': { os: ['linux'], cpu: ['x64'] },
      'linux-arm64': { os: ['linux'], cpu: ['arm64'] },
      'win32-amd64': { os: ['win32'], cpu: ['x64'] },
    };
    for (const [name, platform] of Object.entries(expected)) {
      const entry = lock.packages[`node_modules/@foundry-rs/anvil-${name}`];
      expect(entry, name).toMatchObject({ version, ...platform, dev: true, optional: true });
    }
  });

  it('holds no install scripts but the two that are allowed', () => {
    const { allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const scripted = Object.entries(lock.packages).filter(
      ([key, { hasInstallScript }]) => hasInstallScript && key !== '',
    );
    const names = scripted.map(([key]) => key.replace(/^.*node_modules\//, ''));
    expect(names.toSorted()).toEqual(Object.keys(allowScripts).toSorted());
  });

  it('names no registry', () => {
    expect(text).not.toContain('"resolved"');
    expect(text).not.toMatch(/registry/i);
  });

  it('matches package.json in what it takes as given', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(lock.packages['']).toMatchObject({ dependencies, devDependencies });
  });
});

describe('the script that completes it', () => {
  it('derives from a name what the registry says of every package that it has', async () => {
    const known = Object.entries(lock.packages).filter(
      ([key, entry]) => entry.integrity !== undefined && entry.optional && entry.os && !key.endsWith('/fsevents'),
    );
    expect(known.length).toBeGreaterThan(60);
    const rest = Object.fromEntries(Object.entries(lock.packages).filter(([key]) => !known.some(([k]) => k === key)));
    // Where the name says nothing of the C library, a sibling does: one of Biome's is left to learn from.
    const hint = 'node_modules/@biomejs/cli-linux-arm64';
    const { after } = await complete({ packages: { ...rest, [hint]: lock.packages[hint]! } });
    for (const [key, entry] of known) expect(platformOf(after.packages[key]!), key).toEqual(platformOf(entry));
  });

  it('says which are missing, and ends with 1 when asked to check', async () => {
    const { 'node_modules/@foundry-rs/anvil-darwin-arm64': _, ...packages } = lock.packages;
    const { check, after } = await complete({ packages });
    expect(check.code).toBe(1);
    expect(check.stdout).toContain('@foundry-rs/anvil-darwin-arm64');
    expect(after.packages).toHaveProperty(['node_modules/@foundry-rs/anvil-darwin-arm64', 'optional'], true);
  });

  it('refuses to guess where a name does not tell the platform', async () => {
    const { 'node_modules/fsevents': _, ...packages } = lock.packages;
    const { code, stderr } = await complete({ packages });
    expect(code).toBe(1);
    expect(stderr).toContain('fsevents');
  });
});
