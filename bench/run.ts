/**
 * Runs the benchmarks one after another: all, or those whose names are given (`npm run bench -- proxy`). Words after a
 * first one that begins with `--` go to each of them.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const words = process.argv.slice(2);
const firstFlag = words.findIndex((word) => word.startsWith('--'));
const names = firstFlag < 0 ? words : words.slice(0, firstFlag);
const flags = firstFlag < 0 ? [] : words.slice(firstFlag);

/** A file `NAME.ts` beside this one, or `NAME/run.ts`. The soak runs pass or fail and measure little: they are no benchmark. */
const benches = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.name !== 'run.ts' && !entry.name.startsWith('soak'))
  .map((entry) =>
    entry.isDirectory()
      ? { name: entry.name, file: `${import.meta.dirname}/${entry.name}/run.ts` }
      : { name: entry.name.replace(/\.ts$/, ''), file: `${import.meta.dirname}/${entry.name}` },
  );

const unknown = names.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(`No such benchmark: ${unknown.join(', ')}. There are: ${benches.map(({ name }) => name).join(', ')}`);
  process.exitCode = 1;
} else {
  for (const { name, file } of benches.filter((bench) => names.length === 0 || names.includes(bench.name))) {
    console.log(`\n# ${name}`);
    const { status } = spawnSync(process.execPath, [file, ...flags], { stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
}
