import { expect, it } from 'vitest';
import { run } from '../../src/commands/run.ts';
import { loadConfig } from '../../src/config/load.ts';
import { captured } from '../support/captured.ts';

it('a bug that nobody waits for is logged with its stack, and ends neither the process nor its drain', async () => {
  const text = JSON.stringify({
    server: { port: 0, drain: { delay: '0s' } },
    ops: { port: 0 },
    log: { format: 'json' },
    chains: [{ upstreams: [{ url: 'http://127.0.0.1:1' }] }],
  });
  const loaded = loadConfig({ text, file: 'test', env: {}, readFile: () => '' });
  if (!loaded.ok) throw new Error('no config');
  const { stdout, stderr, out } = captured();
  const signal = Promise.withResolvers<string>();
  const signals = [signal.promise];
  const code = run(
    { config: loaded.config, secrets: [], version: '0.0.0-test', patient: false },
    {
      stdout,
      stderr,
      nextSignal: () => signals.shift() ?? new Promise(() => {}),
      onReload: () => {},
      onStrayFault: (listener) => {
        listener(new Error('nobody waits for this'));
        signal.resolve('SIGTERM');
      },
    },
  );
  expect(await code).toBe(0);
  const lines = out().trim().split('\n');
  const told = lines.map((line) => JSON.parse(line)).find(({ msg }) => msg.includes('a fault in headgate'));
  expect(told.error).toMatch(/^Error: nobody waits for this\n +at /);
});
