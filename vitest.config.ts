import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/support/count-reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // For hopeless cases only: what a test waits for comes when it comes, however busy the machine is.
    expect: { poll: { timeout: 20_000 } },
    // Real nodes and sockets: two files at once keep a two-core machine busy without starving either.
    maxWorkers: 2,
  },
});
