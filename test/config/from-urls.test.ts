import { expect, test } from 'vitest';
import { renderFaults } from '../../src/config/faults.ts';
import { configFromUrls } from '../../src/config/from-urls.ts';

test('URLs make one chain, which is also the default, with the defaults of a file', () => {
  const loaded = configFromUrls(['http://10.0.0.1:8545', 'ipc:///data/geth.ipc', 'http://10.0.0.1:8545/b'], {});
  expect(loaded).toMatchObject({
    ok: true,
    config: {
      server: { port: 8545 },
      chains: [
        {
          name: 'main',
          default: true,
          upstreams: [
            { name: '10.0.0.1-8545', url: 'http://10.0.0.1:8545' },
            { name: 'geth', url: 'ipc:///data/geth.ipc' },
            { name: '10.0.0.1-8545-2', url: 'http://10.0.0.1:8545/b' },
          ],
        },
      ],
    },
    secrets: [],
  });
});

test('keys in URLs and the ops token of the environment are secrets', () => {
  const key = '0123456789abcdef0123456789abcdef';
  const loaded = configFromUrls([`https://node.example/v3/${key}`], { HEADGATE_OPS_TOKEN: 'open-sesame' });
  expect(loaded).toMatchObject({ ok: true, config: { ops: { token: 'open-sesame' } } });
  expect(loaded.ok && loaded.secrets).toEqual(expect.arrayContaining([key, 'open-sesame']));
});

test("references in a URL on the command line are the shell's business and stay as they are", () => {
  expect(configFromUrls(['http://a/${X}'], { X: 'y' })).toMatchObject({
    config: { chains: [{ upstreams: [{ url: 'http://a/${X}' }] }] },
  });
});

test('a word that is no URL is a fault that says which and what to type', () => {
  const loaded = configFromUrls(['http://a', 'localhost:8545', 'ipc://data/x'], {});
  expect(loaded.ok ? '' : renderFaults(loaded.faults)).toBe(
    'command line:1:2 URL 2: expected a URL that begins with http://, https://, ws://, wss:// or ipc:///; did you mean http://localhost:8545?\n' +
      'command line:1:3 URL 3: expected ipc:/// and an absolute path; did you mean ipc:///data/x?',
  );
});
