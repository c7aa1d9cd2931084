import type { Reporter, TestModule } from 'vitest/node';

/** Counts of a run, in which a file that could not be loaded is one failed test. */
const countOf = (modules: readonly TestModule[], unhandled: number): string => {
  const counts = { passed: 0, failed: unhandled, skipped: 0, pending: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const test of module.children.allTests()) counts[test.result().state] += 1;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
  }
  const skipped = counts.skipped + counts.pending;
  return `tests: ${counts.passed} passed, ${counts.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
};

/** Closes a run with one plain line that a script can find. */
export default class CountReporter implements Reporter {
  #line = 'tests: 0 passed, 0 failed';

  constructor() {
    // At the very end, for the default reporter writes its summary in the same turn as `onTestRunEnd`.
    process.once('exit', () => process.stdout.write(`${this.#line}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#line = countOf(modules, unhandledErrors.length);
  }
}
