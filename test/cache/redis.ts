import { spawnSync } from 'node:child_process';
import { describe, type TestOptions } from 'vitest';

export { RedisServer } from '../support/redis-server.ts';

const installed = spawnSync('redis-server', ['--version']).status === 0;

/** Tests with a real Redis server, which comes with the system: `apt-get install redis-server`. */
export const withRedis = (title: string, tests: () => void, options: TestOptions = {}): void => {
  const named = installed ? title : `${title} (skipped: redis-server is not installed)`;
  describe.skipIf(!installed)(named, options, tests);
};
