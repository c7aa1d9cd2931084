// Runs before `npm start`, `npm test` and `npm run build`: installs what the lockfile names and the folder lacks, and says
// what to do where that fails. Needs nothing but Node 18, so that it can speak before anything is installed.
import { spawn } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const packagesOf = (file) => {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
};

/** Why an installation is due, in words; undefined where everything is in place. */
const due = () => {
  const wanted = packagesOf('package-lock.json');
  if (wanted === undefined) return undefined;
  const installed = packagesOf('node_modules/.package-lock.json');
  if (installed === undefined) return 'nothing is installed yet';
  for (const [key, { version, optional }] of Object.entries(wanted)) {
    if (key === '') continue;
    const there = installed[key];
    if (there === undefined && optional) continue;
    if (there?.version !== version) return 'the lockfile has changed';
    if (!existsSync(join(root, key))) return 'packages are missing';
  }
  return undefined;
};

const remedies = [
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/,
    'The registry cannot be reached. Check the network, the proxy (npm config get proxy) and the registry (npm config get registry).',
  ],
  [/\bE40[13]\b/, 'The registry refuses access. Check the login and the registry (npm config get registry).'],
  [
    /\bE404\b|ETARGET|notarget/,
    'The registry lacks a package that the lockfile names. Use one that mirrors all of npm: npm config get registry shows which is in use.',
  ],
  [/EUSAGE|in sync/, 'package.json and package-lock.json differ. Run: npm run lock'],
  [/EINTEGRITY/, 'A download does not match the lockfile. Clear the cache (npm cache clean --force) and try again.'],
  [/ENOSPC/, 'The disk is full. About 600 MB are needed.'],
  [/EACCES|EPERM|EROFS/, 'This folder, or npm’s cache, cannot be written. Check who owns them.'],
  [
    /Platform not supported/,
    'There is no anvil for this machine. Supported: Linux and macOS on x64 and arm64, Windows on x64.',
  ],
];

/** What to do about npm's error messages. */
const remedyFor = (output) =>
  remedies.find(([pattern]) => pattern.test(output))?.[1] ??
  'The lines above say why. After mending it, run the same command again.';

const ci = () =>
  new Promise((settle) => {
    const npm = process.env.npm_execpath;
    // Development packages and install scripts' binaries are what this is for, also where NODE_ENV says production.
    const words = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
    const child = npm?.endsWith('.js')
      ? spawn(process.execPath, [npm, ...words], { cwd: root, stdio: ['ignore', 'inherit', 'pipe'] })
      : spawn('npm', words, { cwd: root, stdio: ['ignore', 'inherit', 'pipe'], shell: process.platform === 'win32' });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      process.stderr.write(chunk);
      errors = (errors + chunk).slice(-65_536);
    });
    child.on('error', (error) => settle({ code: 1, errors: String(error) }));
    child.on('close', (code) => settle({ code: code ?? 1, errors }));
  });

/** npm ci would empty the folder that it points to, which belongs to another checkout. */
const borrowed = () => lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

const reason = due();
if (reason !== undefined && borrowed()) {
  console.error(
    `headgate: ${reason}, but node_modules is a link to another folder. Install there, or remove the link.`,
  );
  process.exitCode = 1;
} else if (reason !== undefined) {
  console.log(
    `headgate: ${reason}; running npm ci (Node 24, anvil and the packages: about 150 MB to fetch the first time).`,
  );
  const started = Date.now();
  const { code, errors } = await ci();
  if (code === 0) {
    console.log(`headgate: installed in ${Math.round((Date.now() - started) / 1000)} s.`);
  } else {
    console.error(`\nheadgate: npm ci failed. ${remedyFor(errors)}`);
    process.exitCode = 1;
  }
}
