import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, runCommand } from '../support/run-command.ts';

const patient = 240_000;
const temporary = () => mkdtempDisposable(join(tmpdir(), 'headgate-install-'));

/** Without what the npm that runs these tests tells its children. */
const plain = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^npm_(?!config_(registry|cache|userconfig)$)/i.test(name))
    .map((name) => [name, undefined]),
);

const manifest = (folder: string) => {
  for (const name of ['package.json', 'package-lock.json', '.npmrc'])
    copyFileSync(join(root, name), join(folder, name));
};

describe('npm ci', () => {
  it(
    'installs the lockfile into a clean folder, with the pinned Node and an anvil that runs',
    async () => {
      await using folder = await temporary();
      manifest(folder.path);
      const { code, stderr } = await runCommand('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], {
        cwd: folder.path,
        env: plain,
      });
      expect(code, stderr).toBe(0);
      const { stdout: node } = await runCommand(join(folder.path, 'node_modules/.bin/node'), ['--version']);
      expect(node).toMatch(/^v24\./);
      const platform = `anvil-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
      const anvil = join(folder.path, 'node_modules/@foundry-rs', platform, 'bin/anvil');
      const { stdout: version } = await runCommand(anvil, ['--version']);
      expect(version).toMatch(/anvil/i);
    },
    patient,
  );

  it(
    'takes the lockfile also in the npm that Node 20 brings',
    async () => {
      await using folder = await temporary();
      manifest(folder.path);
      const words = ['exec', '--yes', '--prefer-offline', '--', 'npm@10', 'ci', '--dry-run', '--ignore-scripts'];
      const { code, stderr } = await runCommand('npm', words, { cwd: folder.path, env: plain });
      expect(code, stderr).toBe(0);
    },
    patient,
  );
});

/** A folder with two packages in its lockfile, one of them for some other platform, and the script. */
const checkout = (folder: string) => {
  mkdirSync(join(folder, 'scripts'));
  cpSync(join(root, 'scripts/install.mjs'), join(folder, 'scripts/install.mjs'));
  const packages = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a-elsewhere': { version: '1.0.0', optional: true },
  };
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
};

const install = (folder: string, packages: Readonly<Record<string, { version: string }>>) => {
  for (const key of Object.keys(packages)) mkdirSync(join(folder, key), { recursive: true });
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
};

/** Runs the script with an npm that says `stderr`, leaves a file `ran`, and ends with `code`. */
const runInstall = async (folder: string, { code = 0, stderr = '' } = {}) => {
  const npm = join(folder, 'npm.js');
  writeFileSync(
    npm,
    `require('fs').writeFileSync('ran', process.argv.slice(2).join(' '));
     process.stderr.write(${JSON.stringify(stderr)}); process.exitCode = ${code};`,
  );
  const finished = await runCommand(process.execPath, [join(folder, 'scripts/install.mjs')], {
    cwd: dirname(folder),
    env: { npm_execpath: npm },
  });
  const ran = join(folder, 'ran');
  return { ...finished, ran: existsSync(ran) ? readFileSync(ran, 'utf8') : undefined };
};

describe('installing on demand', () => {
  it('installs where nothing is, development packages too, and says so', async () => {
    await using folder = await temporary();
    checkout(folder.path);
    const { code, stdout, ran } = await runInstall(folder.path);
    expect(code).toBe(0);
    expect(ran).toMatch(/^ci --include=dev/);
    expect(stdout).toContain('nothing is installed yet; running npm ci');
  });

  it('does nothing, without a word, where everything is in place but what is for other platforms', async () => {
    await using folder = await temporary();
    checkout(folder.path);
    install(folder.path, { 'node_modules/a': { version: '1.0.0' } });
    expect(await runInstall(folder.path)).toEqual({ code: 0, stdout: '', stderr: '', ran: undefined });
  });

  it('installs again when the lockfile has moved on', async () => {
    await using folder = await temporary();
    checkout(folder.path);
    install(folder.path, { 'node_modules/a': { version: '0.9.0' } });
    const { stdout, ran } = await runInstall(folder.path);
    expect(stdout).toContain('the lockfile has changed');
    expect(ran).toBeDefined();
  });

  it('installs again when a package was deleted by hand', async () => {
    await using folder = await temporary();
    checkout(folder.path);
    install(folder.path, {});
    const packages = { 'node_modules/a': { version: '1.0.0' } };
    writeFileSync(join(folder.path, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
    const { stdout, ran } = await runInstall(folder.path);
    expect(stdout).toContain('packages are missing');
    expect(ran).toBeDefined();
  });

  it('leaves alone a folder of packages that is another checkout’s', async () => {
    await using folder = await temporary();
    checkout(folder.path);
    mkdirSync(join(folder.path, 'elsewhere'));
    symlinkSync(join(folder.path, 'elsewhere'), join(folder.path, 'node_modules'));
    const { code, stderr, ran } = await runInstall(folder.path);
    expect(code).toBe(1);
    expect(stderr).toContain('node_modules is a link');
    expect(ran).toBeUndefined();
  });

  it.each([
    ['npm error code ENOTFOUND', 'cannot be reached'],
    ['npm error code E403', 'refuses access'],
    ['npm error code E404\nnpm error 404 Not Found', 'lacks a package'],
    ['npm error code EUSAGE', 'npm run lock'],
    ['npm error code ENOSPC', 'disk is full'],
    ['npm error code EACCES', 'cannot be written'],
    ['Error: Platform not supported!', 'no anvil for this machine'],
    ['something never seen', 'run the same command again'],
  ])('ends with 1 on %j and says what to do', async (stderr, remedy) => {
    await using folder = await temporary();
    checkout(folder.path);
    const finished = await runInstall(folder.path, { code: 1, stderr });
    expect(finished.code).toBe(1);
    expect(finished.stderr).toContain(stderr);
    expect(finished.stderr).toContain(remedy);
  });
});
