import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfigFile, opsAddress } from '../../src/config/load.ts';
import { configOf, faultsOf, file, load } from './load-text.ts';

const kib = 1024;
const mib = 1024 * kib;

describe('a file that names one url', () => {
  test('gets the defaults of the contract for everything else', () => {
    expect(configOf('chains: [{ upstreams: [{ url: http://10.0.0.1:8545 }] }]')).toEqual({
      server: {
        host: '127.0.0.1',
        port: 8545,
        workers: 1,
        compression: false,
        cors: { origins: ['*'] },
        hosts: [],
        trustedProxies: [],
        limits: {
          bodySize: 5 * mib,
          responseSize: 150 * mib,
          inflight: 2000,
          inflightSize: 512 * mib,
          batchItems: 1000,
          jsonDepth: 64,
          connections: 10_000,
          subscriptionsPerConnection: 1000,
          wsQueue: 16 * mib,
          costly: 16,
          requestsPerSecond: null,
          headerTimeout: 10_000,
          requestTimeout: 30_000,
        },
        drain: { delay: 5000, timeout: 20_000 },
      },
      ops: { host: '127.0.0.1', port: 9545, token: undefined },
      log: { level: 'info', format: 'auto' },
      cache: { memory: 256 * mib },
      methods: {
        unknown: 'forward',
        allow: [],
        deny: [
          ...['admin_*', 'personal_*', 'engine_*', 'miner_*', 'debug_*', 'clique_*', 'istanbul_*', 'ibft_*', 'qbft_*'],
          ...['raft_*', 'perm_*', 'signer_*', 'anvil_*', 'hardhat_*', 'evm_*', 'parity_set*', 'parity_*Account*'],
          ...['eth_sign*', 'eth_sendTransaction'],
        ],
      },
      chains: [
        {
          name: 'main',
          default: false,
          finality: 64,
          upstreams: [
            {
              name: '10.0.0.1-8545',
              url: 'http://10.0.0.1:8545',
              calls: 'auto',
              send: true,
              tier: 0,
              weight: 1,
              drained: false,
              methods: { deny: [], allow: [] },
            },
          ],
          health: { interval: 2000, missed: 3, maxLag: 5, minPeers: 1, stall: 4 },
          routing: {
            timeout: 10_000,
            attemptTimeout: 4000,
            attempts: 4,
            hedge: { quantile: 0.95, min: 50, max: 2000, budget: 0.05 },
            head: 'majority',
            broadcast: 3,
          },
          logs: { maxRange: 10_000, split: 2000 },
          subscriptions: { window: 256, replay: 10_000, filterTimeout: 300_000 },
        },
      ],
    });
  });

  test('has the same defaults where it names the sections and leaves them empty, or says null', () => {
    const plain = configOf('chains: [{ upstreams: [{ url: http://a }] }]');
    const sections = 'server:\nops:\nlog: ~\ncache: null\nredis:\nkeys:\nmethods:\n';
    const chain = 'id:, blockTime:, health:, routing:, quorum:, logs: null, subscriptions:';
    expect(
      configOf(`${sections}chains: [{ ${chain}, upstreams: [{ url: http://a, ws:, headers:, budget: }] }]`),
    ).toEqual(plain);
  });
});

test('every value can be set', () => {
  const files = { '/tls/tls.crt': 'PEM', '/tls/tls.key': 'PEM' };
  const config = configOf(
    `
server:
  host: '::'
  trustedProxies: [10.0.0.0/8, 192.168.1.1, 'fd00::/8']
  hosts: [Gateway.example:8545]
  tls: { cert: /tls/tls.crt, key: /tls/tls.key }
  workers: auto
  drain: { delay: 0, timeout: 1.5m }
redis: { url: rediss://cache:6379/1 }
keys:
  - { name: shop, sha256: ${'AB'.repeat(32)}, requestsPerSecond: 0.5, unitsPerDay: 1000000, methods: ['eth_*'], origins: ['https://shop.example'], chains: [a], debug: true }
methods: { unknown: deny, deny: [] }
chains:
  - name: a
    default: true
    id: '115792089237316195423570985008687907853269984665640564039457584007913129639935'
    blockTime: 250ms
    quorum: [{ methods: [eth_getBalance], agree: 2, of: 3 }]
    upstreams:
      - { name: pool, discover: { dns: geth-headless.nodes.svc }, send: only, budget: { requestsPerSecond: 200 } }
  - name: b
    id: 0x2a
    upstreams: [{ url: ipc:///data/geth.ipc, headers: { X-A: b } }]
`,
    { files },
  );
  expect(config.server).toMatchObject({
    host: '::',
    trustedProxies: ['10.0.0.0/8', '192.168.1.1/32', 'fd00::/8'],
    hosts: ['gateway.example:8545'],
    tls: { cert: '/tls/tls.crt', key: '/tls/tls.key' },
    workers: 'auto',
    drain: { delay: 0, timeout: 90_000 },
  });
  expect(config.redis).toEqual({ url: 'rediss://cache:6379/1' });
  expect(config.keys).toEqual([
    {
      name: 'shop',
      sha256: 'ab'.repeat(32),
      requestsPerSecond: 0.5,
      unitsPerDay: 1_000_000,
      methods: ['eth_*'],
      origins: ['https://shop.example'],
      chains: ['a'],
      debug: true,
    },
  ]);
  expect(config.methods).toEqual({ unknown: 'deny', allow: [], deny: [] });
  expect(config.chains[0]).toMatchObject({
    default: true,
    id: 2n ** 256n - 1n,
    blockTime: 250,
    quorum: [{ methods: ['eth_getBalance'], agree: 2, of: 3 }],
  });
  expect(config.chains[0]?.upstreams[0]).toMatchObject({
    name: 'pool',
    discover: { dns: 'geth-headless.nodes.svc', port: 8545, every: 10_000 },
    send: 'only',
    budget: { requestsPerSecond: 200 },
  });
  expect(config.chains[1]).toMatchObject({ id: 42n, upstreams: [{ name: 'geth', headers: { 'X-A': 'b' } }] });
});

test('upstreams without a name are called by their address, each by a name of its own', () => {
  const urls = [
    'http://10.0.0.1:8545',
    'ws://10.0.0.1:8545',
    'https://node.example/v3/0123456789abcdef',
    'http://[::1]:8546',
    'ipc:///data/geth.ipc',
    'http://u:p@host_a',
  ];
  const listed = urls.map((url) => `{ url: '${url}' }`).join(', ');
  const text = `chains: [{ upstreams: [${listed}, { discover: { dns: geth.svc } }, { name: node.example, url: http://x }] }]`;
  expect(configOf(text).chains[0]?.upstreams.map(({ name }) => name)).toEqual([
    '10.0.0.1-8545',
    '10.0.0.1-8545-2',
    'node.example-2',
    '1-8546',
    'geth',
    'host-a',
    'geth-2',
    'node.example',
  ]);
});

test('the time for the headers is never longer than the time for the whole request', () => {
  const { limits } = configOf(file({ top: 'server: { limits: { requestTimeout: 2s } }' })).server;
  expect(limits).toMatchObject({ headerTimeout: 2000, requestTimeout: 2000 });
});

describe('anchors', () => {
  test('an alias stands for what it names, and << for its keys, which own keys beat', () => {
    const config = configOf(`
chains:
  - upstreams:
      - &base { url: http://a, tier: 1, weight: 2, methods: { deny: &deny [eth_call] } }
      - { <<: *base, url: http://b, tier: 2 }
      - { <<: [{ weight: 5 }, *base], url: http://c, methods: { allow: *deny } }
`);
    expect(config.chains[0]?.upstreams).toMatchObject([
      { url: 'http://a', tier: 1, weight: 2 },
      { url: 'http://b', tier: 2, weight: 2, methods: { deny: ['eth_call'] } },
      { url: 'http://c', tier: 1, weight: 5, methods: { deny: [], allow: ['eth_call'] } },
    ]);
  });

  test('a fault in what an alias names is told where it stands, and for a key that was merged, too', () => {
    expect(
      faultsOf(`chains:
  - upstreams:
      - &base { url: http://a, tier: x }
      - { <<: *base, url: http://b }
`),
    ).toEqual([
      'h.yaml:3:38 chains[0].upstreams[0].tier: expected a whole number from 0 to 100',
      'h.yaml:3:38 chains[0].upstreams[1].tier: expected a whole number from 0 to 100',
    ]);
  });
});

describe('a file on disk', () => {
  const readFile = (path: string): string => readFileSync(path, 'utf8');

  test('is loaded by its path, and is a fault where it cannot be read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'headgate-'));
    try {
      const path = join(folder, 'h.yaml');
      writeFileSync(path, file({}));
      expect(loadConfigFile(path, { env: {}, readFile })).toMatchObject({ ok: true });
      expect(loadConfigFile(`${path}.no`, { env: {}, readFile })).toEqual({
        ok: false,
        faults: [
          {
            file: `${path}.no`,
            line: 1,
            column: 1,
            key: '',
            message: 'cannot be read: there is no such file or folder',
          },
        ],
      });
      expect(loadConfigFile(folder, { env: {}, readFile })).toMatchObject({
        faults: [{ message: 'cannot be read: it is a directory' }],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('tells the address of the ops listener even while the rest of it is wrong', () => {
    const address = (text: string) => opsAddress('h.yaml', { env: { P: '7' }, readFile: () => text });
    expect(address("ops: { host: 0.0.0.0, port: '${P}', token: '${NOT_SET}', wombat: 1 }\nchains: 5")).toEqual({
      host: '0.0.0.0',
      port: 7,
    });
    expect(address('chains: []')).toEqual({ host: '127.0.0.1', port: 9545 });
    expect(address('ops: { port: x }')).toBeUndefined();
    expect(address('][')).toEqual({ host: '127.0.0.1', port: 9545 });
    expect(opsAddress('/nowhere/h.yaml', { env: {}, readFile })).toBeUndefined();
  });
});

describe('secrets', () => {
  const secrets = (text: string, env: Readonly<Record<string, string>> = {}): readonly string[] => {
    const loaded = load(text, { env, files: { '/run/secrets/x': 'from-a-file\n' } });
    return loaded.ok ? loaded.secrets : ['faults'];
  };
  const ofUrl = (url: string): readonly string[] => secrets(`chains: [{ upstreams: [{ url: '${url}' }] }]`);

  test('a plain file has none', () => {
    expect(secrets(file({ upstream: 'ws: ws://10.0.0.1:8546' }))).toEqual([]);
    expect(ofUrl('https://rpc.example/ext/bc/mainnet/rpc')).toEqual([]);
    expect(ofUrl('ipc:///data/0123456789abcdef0123456789abcdef/geth.ipc')).toEqual([]);
  });

  test('a key in the path or query of a url is one, with and without what is around it', () => {
    const key = '0123456789abcdef0123456789abcdef';
    expect(ofUrl(`https://node.example/v3/${key}`)).toEqual([`https://node.example/v3/${key}`, `/v3/${key}`, key]);
    expect(ofUrl(`wss://node.example/?apikey=${key}`)).toContain(key);
  });

  test('a password in a url is one, as it stands, decoded, and as basic auth sends it', () => {
    const found = ofUrl('https://bob:p%40ssword@node.example/');
    expect(found).toEqual(
      expect.arrayContaining(['p%40ssword', 'p@ssword', Buffer.from('bob:p@ssword').toString('base64')]),
    );
    expect(found).not.toContain('bob');
    expect(secrets(file({ top: 'redis: { url: redis://:hunter22@cache:6379 }' }))).toContain('hunter22');
    expect(secrets(file({ upstream: 'ws: ws://a:hunter22@10.0.0.1' }))).toContain('hunter22');
  });

  test('credentials in headers are, with and without their scheme, and other headers are not', () => {
    expect(
      secrets(file({ upstream: 'headers: { authorization: Bearer abcd, x-api-key: efgh, x-client: headgate }' })),
    ).toEqual(['Bearer abcd', 'abcd', 'efgh']);
  });

  test('the ops token is, wherever it comes from', () => {
    expect(secrets(file({ top: 'ops: { token: open-sesame }' }))).toEqual(['open-sesame']);
    expect(secrets(file({}), { HEADGATE_OPS_TOKEN: 'open-sesame' })).toEqual(['open-sesame']);
  });

  test('what comes from a file is, and from the environment where it may be a key', () => {
    expect(secrets(file({ upstream: 'name: file:/run/secrets/x' }))).toEqual(['from-a-file']);
    expect(secrets(file({ upstream: "headers: { x-client: '${H}' }" }), { H: 'plain' })).toEqual(['plain']);
    expect(secrets("chains: [{ upstreams: [{ url: 'http://node.example/${PART}' }] }]", { PART: 'short/key' })).toEqual(
      ['short/key'],
    );
  });

  test('ports, hosts and names from the environment are not, or every log line would be masked', () => {
    const env = { PORT: '18545', HOST: 'geth.nodes.svc', NAME: 'geth-1', URL: 'http://10.0.0.7:8545' };
    const text = "chains: [{ name: '${NAME}', upstreams: [{ url: 'http://${HOST}:${PORT}' }, { url: '${URL}' }] }]";
    expect(secrets(text, env)).toEqual([]);
  });

  test('longer ones come first, each once, and none so short that it would mask half a line', () => {
    const text = file({ upstream: 'headers: { authorization: Bearer abcdefgh, x-token: abcdefgh, cookie: abc }' });
    expect(secrets(text)).toEqual(['Bearer abcdefgh', 'abcdefgh']);
  });
});
