// A registry that lacks a package for some platform makes npm write a lockfile without it, and `npm ci` then fails, or
// leaves a tool without its binary, on that platform. This adds what is missing; with --check it only says what is.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];

/** The CPU words of package names, in the words of `process.arch`. */
const processors = {
  amd64: 'x64',
  arm: 'arm',
  arm64: 'arm64',
  ia32: 'ia32',
  loong64: 'loong64',
  mips64el: 'mips64el',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  x64: 'x64',
};

/** The makers of native packages name the C library only after these two; `gnueabihf` and `musleabihf` go without. */
const libraries = { gnu: 'glibc', musl: 'musl' };

/** What a package's name says of the machine it is for: `binding-linux-x64-musl` is Linux on x64 with musl. */
const platformOf = (name) => {
  const words = name.slice(name.indexOf('/') + 1).split('-');
  const at = words.findIndex((word) => systems.includes(word));
  const cpu = processors[words[at + 1]];
  if (at < 0 || cpu === undefined) throw new Error(`${name}: the name does not tell the platform; add it by hand`);
  const suffix = words[at + 2];
  return { os: words[at], cpu, libc: libraries[suffix], plain: suffix === undefined };
};

/** The entry that `parent` gets when it asks for `name`, found as Node finds it: nearest folder first. */
const resolve = (packages, parent, name) => {
  for (let folder = parent; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const key = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[key] !== undefined) return packages[key];
    if (folder === '') return undefined;
  }
};

/** The C library of packages whose name does not tell it, as the same maker's entry for the same system has it. */
const siblingLibrary = (packages, parent, os) => {
  for (const name of Object.keys(packages[parent].optionalDependencies)) {
    const entry = resolve(packages, parent, name);
    if (entry?.os?.includes(os) && platformOf(name).plain) return entry.libc?.[0];
  }
  return undefined;
};

const entryOf = (packages, parent, name, version) => {
  if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`${name}: ${version} is no exact version; add it by hand`);
  const { os, cpu, libc, plain } = platformOf(name);
  const library = plain ? siblingLibrary(packages, parent, os) : libc;
  const { dev, peer } = packages[parent];
  return {
    version,
    cpu: [cpu],
    ...(dev && { dev }),
    ...(library && { libc: [library] }),
    optional: true,
    os: [os],
    ...(peer && { peer }),
  };
};

/** Every platform package that the lockfile should name and does not: its key and entry. */
const missing = (packages) => {
  const found = {};
  for (const [parent, { optionalDependencies }] of Object.entries(packages)) {
    if (parent === '') continue;
    for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
      if (resolve(packages, parent, name) === undefined) {
        found[`node_modules/${name}`] = entryOf(packages, parent, name, version);
      }
    }
  }
  return found;
};

const file =
  process.argv.slice(2).find((word) => !word.startsWith('-')) ??
  fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(file, 'utf8'));
const found = missing(lock.packages);
const count = Object.keys(found).length;

if (process.argv.includes('--check')) {
  for (const key of Object.keys(found)) console.log(key.slice('node_modules/'.length));
  console.log(count === 0 ? 'The lockfile names every platform.' : `${count} missing: run npm run lock`);
  process.exitCode = count === 0 ? 0 : 1;
} else if (count > 0) {
  lock.packages = Object.fromEntries(
    Object.entries({ ...lock.packages, ...found }).sort(([a], [b]) => a.localeCompare(b, 'en')),
  );
  writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
  console.log(`Added ${count} platform packages to the lockfile.`);
}
