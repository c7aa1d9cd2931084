/**
 * Runs the benchmarks one after another: `npm run bench` all of them, `npm run bench -- NAME [flags]` one, with flags of its
 * own.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A file `NAME.ts` beside this one, or `NAME/run.ts`. */
const benches = readdirSync(import.meta.dirname, { withFileTypes: true })
  .map((entry) => ({
    name: entry.name.replace(/\.ts$/, ''),
    file: join(import.meta.dirname, entry.name, entry.isDirectory() ? 'run.ts' : ''),
  }))
  .filter(({ name, file }) => name !== 'run' && existsSync(file));

const [wanted, ...flags] = process.argv.slice(2);
const chosen = wanted === undefined ? benches : benches.filter(({ name }) => name === wanted);

if (chosen.length === 0) {
  console.error(`No benchmark ${wanted}. There are: ${benches.map(({ name }) => name).join(', ')}`);
  process.exitCode = 1;
}
for (const { name, file } of chosen) {
  console.log(`\n# ${name}`);
  const { status } = spawnSync(process.execPath, [file, ...flags], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
