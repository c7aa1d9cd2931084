import { describe, expect, test } from 'vitest';
import { renderFaults } from '../../src/config/faults.ts';
import { faultsOf, file, load } from './load-text.ts';

/** The faults of a file in which `text` stands as the value of a key of the first upstream, from the key on. */
const ofUpstream = (text: string): readonly string[] =>
  faultsOf(file({ upstream: text })).map((fault) =>
    fault.replace(/^h.yaml:\d+:\d+ chains\[0\]\.upstreams\[0\]\.?/, ''),
  );

const ofServer = (text: string): readonly string[] =>
  faultsOf(file({ top: `server: { ${text} }` })).map((fault) => fault.replace(/^h.yaml:\d+:\d+ server\./, ''));

const ofChain = (text: string): readonly string[] =>
  faultsOf(file({ chain: text })).map((fault) => fault.replace(/^h.yaml:\d+:\d+ chains\[0\]\.?/, ''));

const urlProblem = 'url: expected a URL that begins with http://, https://, ws://, wss:// or ipc:///';

const ofUrl = (url: string): readonly string[] =>
  faultsOf(`chains: [{ upstreams: [{ url: ${JSON.stringify(url)} }] }]`).map((fault) =>
    fault.replace(/^.*\.url/, 'url'),
  );

test('the file of these tests is good without faults put in', () => {
  expect(faultsOf(file({}))).toEqual([]);
});

test('a certificate or key that cannot be read is a fault of the line that names it, along with all others', () => {
  const text = file({ top: 'server: { tls: { cert: /tls/tls.crt, key: /tls/tls.key }, prot: 1 }' });
  expect(faultsOf(text, { files: { '/tls/tls.key': 'PEM' } })).toEqual([
    'h.yaml:1:59 server.prot: unknown key; did you mean port?',
    'h.yaml:1:24 server.tls.cert: cannot read /tls/tls.crt: there is no such file or folder',
  ]);
  const lacking = 'h.yaml:1:16 server.tls.key: is required';
  const halfway = file({ top: `server: { tls: { cert: '\${CERT}' } }` });
  expect(faultsOf(halfway, { env: { CERT: '/c' }, files: { '/c': 'PEM' } })).toEqual([lacking]);
  const unset = 'the environment variable CERT is not set; set it, or write ${CERT:-default}';
  expect(faultsOf(halfway)).toEqual([`h.yaml:1:24 server.tls.cert: ${unset}`, lacking]);
});

test('all faults are told at once, each with its line and column, in the order of the file', () => {
  const loaded = load(`server:
  prot: 1
  limits: { bodySize: 5MB }
chains:
  - name: mainnet
    timeout: 3s
    upstreams:
      - url: localhost:8545
      - name: two
        headers: { authorization: 'Bearer \${TOKEN}' }
keys:
  - name: shop
`);
  expect(loaded.ok ? '' : renderFaults(loaded.faults)).toBe(
    [
      'h.yaml:2:3 server.prot: unknown key; did you mean port?',
      'h.yaml:3:23 server.limits.bodySize: expected a size such as 512KiB, 5MiB or 1GiB; a bare number is bytes; did you mean 5MiB?',
      'h.yaml:6:5 chains[0].timeout: unknown key; it belongs under "chains[0].routing"',
      `h.yaml:8:14 chains[0].upstreams[0].${urlProblem}; did you mean http://localhost:8545?`,
      'h.yaml:9:9 chains[0].upstreams[1]: needs a url, or discover',
      'h.yaml:10:35 chains[0].upstreams[1].headers.authorization: the environment variable TOKEN is not set; set it, or write ${TOKEN:-default}',
      'h.yaml:12:5 keys[0].sha256: is required',
    ].join('\n'),
  );
});

describe('text that is not YAML', () => {
  test.each([
    ['', 'h.yaml:1:1: is empty; headgate init URL writes one'],
    ['# only a comment\n', 'h.yaml:1:1: is empty; headgate init URL writes one'],
    ['a:\n\tb: 1', 'h.yaml:2:1: tabs cannot indent YAML; use spaces'],
    ['a: 1\n---\nb: 2', 'h.yaml:2:1: expected one document, but another begins here'],
    ['a: "b', 'h.yaml:1:6: Missing closing "quote'],
    ['a: b: c', 'h.yaml:1:4: Nested mappings are not allowed in compact mappings'],
    ['- a', 'h.yaml:1:1: expected keys and values (lines such as "key: value")'],
    ['just words', 'h.yaml:1:1: expected keys and values (lines such as "key: value")'],
  ])('%j is told', (text, fault) => expect(faultsOf(text)[0]).toBe(fault));

  test('brackets without end, and a file without end, are told', () => {
    expect(faultsOf('['.repeat(100_000))[0]).toMatch(/^h.yaml:1:\d+: is nested too deeply$/);
    expect(faultsOf('#'.repeat(1024 * 1024 + 1))).toEqual(['h.yaml:1:1: is larger than 1MiB']);
  });

  test('what only follows from an earlier error is not told', () => {
    expect(faultsOf('[a]\nserver: 1\nops: { port: 1 }\nlog: {}')).toEqual([
      'h.yaml:2:1: Unexpected scalar at node end',
    ]);
  });

  test('the text that was stumbled over is not said back, since it may be a password', () => {
    expect(faultsOf('a: |hunter22\n b')[0]).toBe('h.yaml:1:5: Block scalar header includes extra characters');
  });

  test('a reference without quotes in braces is told what to do', () => {
    expect(faultsOf('server: { port: ${PORT} }')[0]).toMatch(/; between \{ \} and \[ \] put \$\{\.\.\.\} in quotes$/);
  });

  test('a key that is there twice is a fault at its second place', () => {
    expect(faultsOf(file({ top: 'log: {}\nops: { port: 1, port: 2 }\nlog: {}' }))).toEqual([
      'h.yaml:2:17: this key is there twice',
      'h.yaml:3:1: this key is there twice',
    ]);
  });

  test('a tag that nobody knows is a fault', () => {
    expect(faultsOf(file({ upstream: 'name: !env GETH' }))).toEqual(['h.yaml:6:15: Unresolved tag: !env']);
  });

  test('a value that no key takes is a fault', () => {
    expect(faultsOf(file({ upstream: 'name: !!binary aGk=' }))).toEqual([
      'h.yaml:6:24 chains[0].upstreams[0].name: is a kind of value that no key takes',
    ]);
  });

  test('a key that is not text is a fault', () => {
    expect(faultsOf(file({ top: '? [a, b]\n: c' }))).toEqual(['h.yaml:1:1: has a key that is not text']);
  });
});

describe('anchors', () => {
  test('an alias of nothing is a fault', () => {
    expect(faultsOf(file({ upstream: 'name: *none' }))).toEqual([
      'h.yaml:6:15 chains[0].upstreams[0].name: there is no anchor &none above',
    ]);
  });

  test('a value that an alias brings is told where the alias stands', () => {
    expect(faultsOf(file({ chain: 'finality: &n 64', upstream: 'tier: *n\nmethods: { deny: *n }' }))).toEqual([
      'h.yaml:8:26 chains[0].upstreams[0].methods.deny: expected a list (lines that begin with "- ")',
    ]);
  });

  test('<< of something else than a mapping is a fault', () => {
    expect(faultsOf(file({ upstream: '<<: text' }))).toEqual([
      'h.yaml:5:9 chains[0].upstreams[0]: << takes an alias of a mapping, or a list of them',
    ]);
  });

  test('a file that grows without bound by its aliases is refused', () => {
    const lines = ['a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]'];
    for (const [before, name] of ['ab', 'bc', 'cd', 'de', 'ef'].map((pair) => pair.split(''))) {
      lines.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`);
    }
    const refusal = 'aliases or nesting make more of this than a configuration can be';
    for (const text of [
      lines.join('\n'),
      'a: &a [*a]',
      'a: &a { b: *a }',
      'a: &a { <<: *a }',
      'a: &a { <<: [*a, *a] }',
    ]) {
      expect(faultsOf(text).map((fault) => fault.replace(/^h.yaml:\d+:\d+: /, ''))).toEqual([refusal]);
    }
  });
});

describe('values', () => {
  test.each([
    ['port: 65536', 'port: expected a whole number from 0 to 65535'],
    ['port: 1.5', 'port: expected a whole number from 0 to 65535'],
    ['port: []', 'port: expected a whole number from 0 to 65535'],
    ['workers: 0', 'workers: expected a whole number from 1 to 256, or auto'],
    ['compression: yes', 'compression: expected true or false'],
    ['host: localhost', 'host: expected an IP address; did you mean 127.0.0.1?'],
    ['host: "*"', 'host: expected an IP address; did you mean 0.0.0.0?'],
    ['host: 1', 'host: expected text; put it in quotes'],
    ['host: {}', 'host: expected text'],
    ['hosts: x', 'hosts: expected a list (lines that begin with "- ")'],
    ['hosts: [a/b]', 'hosts[0]: expected a host name, with or without a port, such as gateway.example:8545'],
    ['hosts: [null]', 'hosts[0]: expected text'],
    ['limits: 5', 'limits: expected keys and values (lines such as "key: value")'],
    [
      'limits: { requestsPerSecond: 0 }',
      'limits.requestsPerSecond: expected a number above 0 and up to 1000000, or null',
    ],
    ['limits: { bodySize: 2GiB }', 'limits.bodySize: expected a size from 1B to 1GiB'],
    [
      'limits: { bodySize: 1.5 }',
      'limits.bodySize: expected a size such as 512KiB, 5MiB or 1GiB; a bare number is bytes',
    ],
    ['limits: { jsonDepth: .nan }', 'limits.jsonDepth: expected a whole number from 2 to 1000'],
    ['drain: { delay: 2 }', 'drain.delay: a time needs its unit; say 2s or 2000ms'],
    ['drain: { delay: 2000 }', 'drain.delay: a time needs its unit; say 2s or 2000ms'],
    ['drain: { delay: "2000" }', 'drain.delay: a time needs its unit; say 2s or 2000ms'],
    ['drain: { delay: -1 }', 'drain.delay: a time needs its unit'],
    ['drain: { delay: soon }', 'drain.delay: expected a time such as 250ms, 2s, 5m or 1h'],
    ['drain: { delay: 2h }', 'drain.delay: expected a time from 0ms to 1h'],
    ['trustedProxies: [10.0.0.0/33]', 'trustedProxies[0]: expected a network such as 10.0.0.0/8 or fd00::/8'],
    ['trustedProxies: [10.0.0/8]', 'trustedProxies[0]: expected a network such as 10.0.0.0/8 or fd00::/8'],
    [
      'cors: { origins: ["https://shop.example/"] }',
      'cors.origins[0]: expected an origin such as https://shop.example, without a path; did you mean https://shop.example?',
    ],
    [
      'cors: { origins: [shop.example] }',
      'cors.origins[0]: expected an origin such as https://shop.example, without a path',
    ],
  ])('server: { %s }', (text, fault) => expect(ofServer(text)).toEqual([fault]));

  test.each([
    [
      'log: { level: warning }',
      'h.yaml:1:15 log.level: expected trace, debug, info, warn, error, fatal or silent; did you mean warn?',
    ],
    ['log: { format: text }', 'h.yaml:1:16 log.format: expected auto, pretty or json'],
    ['cache: { memory: 1KiB }', 'h.yaml:1:18 cache.memory: expected a size from 1MiB to 64GiB'],
    [
      'redis: { url: cache:6379 }',
      'h.yaml:1:15 redis.url: expected a URL that begins with redis:// or rediss://; did you mean redis://cache:6379?',
    ],
    ['redis: {}', 'h.yaml:1:8 redis.url: is required'],
    [
      'redis: { url: redis://cache:6379/prod }',
      'h.yaml:1:15 redis.url: names its database by something else than a number, as in redis://host:6379/1',
    ],
    ['ops: { token: a b }', 'h.yaml:1:15 ops.token: expected visible ASCII characters without spaces'],
    ['ops: { token: 5 }', 'h.yaml:1:15 ops.token: expected text; put it in quotes'],
    [
      'methods: { deny: ["debug_?"] }',
      'h.yaml:1:19 methods.deny[0]: expected a method such as eth_call or eth_*, with * as the only wildcard',
    ],
    ['keys: []', 'h.yaml:1:7 keys: needs at least one item'],
    ['ops: { port: 8545 }', 'h.yaml:1:14 ops.port: is the port of the other listener'],
    ['ops: { host: 0.0.0.0, port: 8545 }', 'h.yaml:1:29 ops.port: is the port of the other listener'],
    ['server: { port: 9545 }', 'h.yaml:1:17 server.port: is the port of the other listener'],
  ])('%s', (text, fault) => expect(faultsOf(file({ top: text }))).toEqual([fault]));

  test('two listeners may share a port at two addresses, and both may take a free one', () => {
    expect(faultsOf(file({ top: 'ops: { host: 10.0.0.1, port: 8545 }' }))).toEqual([]);
    expect(faultsOf(file({ top: 'ops: { port: 0 }\nserver: { port: 0 }' }))).toEqual([]);
  });
});

describe('keys of clients', () => {
  const hash = 'ab'.repeat(32);
  const other = 'cd'.repeat(32);

  test.each([
    [
      '{ name: shop, sha256: abc }',
      "h.yaml:1:30 keys[0].sha256: expected the SHA-256 of the key, 64 hex digits; printf %s 'THE KEY' | sha256sum",
    ],
    [`{ name: anonymous, sha256: ${hash} }`, 'h.yaml:1:16 keys[0].name: has a meaning of its own; choose another name'],
    [
      `{ name: a b, sha256: ${hash} }`,
      'h.yaml:1:16 keys[0].name: expected a name of up to 63 letters, digits, dots, dashes and underscores',
    ],
    [
      `{ name: a, sha256: ${hash}, chains: [mainet] }`,
      'h.yaml:1:102 keys[0].chains[0]: there is no chain of this name; did you mean mainnet?',
    ],
    [
      `{ name: a, sha256: ${hash} }, { name: a, sha256: ${other} }`,
      'h.yaml:1:103 keys[1].name: is the name of another key too',
    ],
    [
      `{ name: a, sha256: ${hash} }, { name: b, sha256: ${hash} }`,
      'h.yaml:1:114 keys[1].sha256: is the hash of another key too',
    ],
  ])('%s', (text, fault) => expect(faultsOf(file({ top: `keys: [${text}]` }))).toEqual([fault]));
});

describe('chains', () => {
  test.each([
    ['id: 0', 'id: expected a chain id: a whole number above 0'],
    ['id: mainnet', 'id: expected a chain id: a whole number above 0'],
    ['id: 11155111155111155111', 'id: expected a chain id: a whole number above 0; put it in quotes'],
    ['finality: -1', 'finality: expected a whole number from 0 to 10000000'],
    ['finality: "300"', 'finality: has to be below subscriptions.window, which is 256'],
    ['finality: 256', 'finality: has to be below subscriptions.window, which is 256'],
    ['subscriptions: { window: 64 }\nfinality: 64', 'finality: has to be below subscriptions.window, which is 64'],
    ['routing: { hedge: { min: 3s } }', 'routing.hedge.min: is longer than max'],
    ['routing: { head: majorty }', 'routing.head: expected majority or fastest; did you mean majority?'],
    ['quorum: [{ methods: [], agree: 1, of: 1 }]', 'quorum[0].methods: needs at least one item'],
    ['quorum: [{ methods: [eth_call], agree: 2, of: 1 }]', 'quorum[0].agree: is more than the nodes that are asked'],
    [
      'quorum: [{ methods: [eth_call], agree: 1, of: 3 }]',
      'quorum[0].agree: has to be more than half of "of", or two answers could both win; say 2',
    ],
    [
      'quorum: [{ methods: [eth_call], agree: 2, of: 3 }]',
      'quorum[0].agree: can never be reached: there is 1 upstream',
    ],
  ])('%s', (text, fault) => expect(ofChain(text)).toEqual([fault]));

  test.each(['finality: 255', 'subscriptions: { window: 64 }', 'subscriptions: { window: 300 }\nfinality: 299'])(
    '%s is a depth at which a final block can be found',
    (text) => expect(ofChain(text)).toEqual([]),
  );

  const differ = 'covers methods on which honest nodes differ: estimates, fees, traces, what a node says of itself';
  const write = 'covers methods that write or that live at one node, which cannot be asked of several';

  test.each([
    ...['eth_estimateGas', 'eth_gasPrice', 'eth_maxPriorityFeePerGas', 'eth_feeHistory', 'eth_createAccessList'].map(
      (method) => [method, differ],
    ),
    ...['trace_block', 'debug_traceTransaction', 'web3_clientVersion', 'net_*', 'txpool_content'].map((method) => [
      method,
      differ,
    ]),
    ...['eth_sendRawTransaction', 'eth_sign', 'eth_newFilter', 'eth_subscribe', 'eth_*', '*', 'personal_*'].map(
      (method) => [method, write],
    ),
  ])('no quorum reads %s', (method = '', why) => {
    expect(ofChain(`quorum: [{ methods: ['${method}'], agree: 1, of: 1 }]`)).toEqual([`quorum[0].methods[0]: ${why}`]);
  });

  test.each(['eth_getBalance', 'eth_call', 'eth_getLogs', 'eth_getBlock*', 'eth_getTransaction*'])(
    'a quorum may read %s',
    (method) => expect(ofChain(`quorum: [{ methods: ['${method}'], agree: 1, of: 1 }]`)).toEqual([]),
  );

  test.each([
    ['events', 'is a path of its own; choose another name'],
    ['key', 'is a path of its own; choose another name'],
    ['livez', 'is a path of its own; choose another name'],
    ['readyz', 'is a path of its own; choose another name'],
    ['"1"', 'is a number, which in a path is a chain id; put it under "id" and choose a word, such as chain-1'],
    ['1', 'expected text; put it in quotes'],
    ['a/b', 'expected a name of up to 63 letters, digits, dots, dashes and underscores'],
    ['ä', 'expected a name of up to 63 letters, digits, dots, dashes and underscores'],
  ])('no chain is called %s', (name, fault) => {
    expect(faultsOf(file({}).replace('mainnet', name))).toEqual([`h.yaml:3:11 chains[0].name: ${fault}`]);
  });

  test('names, ids and the default are for one chain each, and several chains need names', () => {
    const text = `chains:
  - { name: a, id: 5, default: true, upstreams: [{ url: http://a }] }
  - { name: a, id: 5, default: true, upstreams: [{ url: http://b }] }
  - { upstreams: [{ url: http://c }] }
`;
    expect(faultsOf(text)).toEqual([
      'h.yaml:4:5 chains[2]: needs a name, since there are several chains',
      'h.yaml:3:13 chains[1].name: is the name of another chain too',
      'h.yaml:3:20 chains[1].id: is the id of another chain too',
      'h.yaml:3:32 chains[1].default: chains[0] is the default already',
    ]);
  });

  test('there is at least one, with at least one upstream', () => {
    expect(faultsOf('log: {}')).toEqual(['h.yaml:1:1 chains: is required']);
    expect(faultsOf('chains:')).toEqual(['h.yaml:1:1 chains: is required']);
    expect(faultsOf('chains: []')).toEqual(['h.yaml:1:9 chains: needs at least one item']);
    expect(faultsOf('chains: [{}]')).toEqual(['h.yaml:1:10 chains[0].upstreams: is required']);
    expect(faultsOf('chains: [{ upstreams: [] }]')).toEqual([
      'h.yaml:1:23 chains[0].upstreams: needs at least one item',
    ]);
  });
});

describe('upstreams', () => {
  test.each([
    ['localhost:8545', `${urlProblem}; did you mean http://localhost:8545?`],
    ['10.0.0.1:8545/secret', `${urlProblem}; did you mean http://10.0.0.1:8545?`],
    ['htp://10.0.0.1', `${urlProblem}; did you mean http://?`],
    ['ftp://10.0.0.1', urlProblem],
    ['redis://10.0.0.1', urlProblem],
    ['', urlProblem],
    ['two words', urlProblem],
    ['http://', 'url: is not a URL that can be read'],
    ['http://a b', 'url: is not a URL that can be read'],
    ['http://a:99999', 'url: is not a URL that can be read'],
    ['http://a/#b', 'url: has a # part, which is never sent to a server'],
    ['ipc://data/geth.ipc', 'url: expected ipc:/// and an absolute path; did you mean ipc:///data/geth.ipc?'],
    ['ipc:/data/geth.ipc', 'url: expected ipc:/// and an absolute path; did you mean ipc:///data/geth.ipc?'],
    ['ipc://', 'url: expected ipc:/// and an absolute path'],
    ['/data/geth.ipc', `${urlProblem}; did you mean ipc:///data/geth.ipc?`],
  ])('%j is no URL of a node', (url, fault) => expect(ofUrl(url)).toEqual([fault]));

  test.each([
    'http://a',
    'https://u:p@a.example/v3/key?x=y',
    'ws://a:1',
    'wss://[::1]:8546/',
    'ipc:///data/geth.ipc',
    'HTTP://A',
  ])('%s is a URL of a node', (url) => expect(ofUrl(url)).toEqual([]));

  test.each([
    ['ws: http://a', 'ws: expected a URL that begins with ws:// or wss://'],
    ['calls: socket', 'calls: expected auto, http or ws'],
    ['send: never', 'send: expected true, false or only'],
    ['tier: 1.5', 'tier: expected a whole number from 0 to 100'],
    ['weight: 0', 'weight: expected a number from 0.001 to 1000'],
    ['budget: {}', 'budget.requestsPerSecond: is required'],
    ['headers: { "a b": c }', 'headers["a b"]: is not the name of an HTTP header'],
    ['headers: { Content-Length: "5" }', 'headers.Content-Length: is set by headgate itself'],
    ['headers: { a: 5 }', 'headers.a: expected text; put it in quotes'],
    ['headers: { a: "b\\r\\nc: d" }', 'headers.a: expected text without line breaks or control characters'],
    ['headers: { a: "" }', 'headers.a: is empty'],
    ['discover: { dns: pool }', 'discover: has both url and discover; make them two upstreams'],
    ['port: 8545', 'port: unknown key; it belongs under "chains[0].upstreams[0].discover"'],
    ['routing: {}', 'routing: unknown key; it belongs under "chains[0]"'],
    ['__proto__: { tier: 1 }', '__proto__: unknown key'],
    ['constructor: x', 'constructor: unknown key'],
    ['name: a b', 'name: expected a name of up to 63 letters, digits, dots, dashes and underscores'],
  ])('%s', (text, fault) => expect(ofUpstream(text)).toEqual([fault]));

  test.each([
    [
      '{ discover: { dns: pool }, ws: ws://a }',
      'ws: names one node, but discover finds many; each is tried at its own address',
    ],
    ['{ discover: { dns: 10.0.0.1 } }', 'discover.dns: expected a DNS name such as geth-headless.nodes.svc'],
    ['{ discover: {} }', 'discover.dns: is required'],
    ['{ url: ws://a, ws: ws://b }', 'ws: is of no use beside a url that is a socket already'],
    ['{ url: ipc:///a, calls: http }', 'calls: http needs a url that begins with http:// or https://'],
    ['{}', ': needs a url, or discover'],
    ['text', ': expected keys and values (lines such as "key: value")'],
  ])('an upstream of %s', (text, fault) => {
    const faults = faultsOf(`chains: [{ upstreams: [${text}] }]`);
    expect(faults.map((one) => one.replace(/^.*upstreams\[0\]\.?/, ''))).toEqual([fault]);
  });

  test('names are unique in the file', () => {
    const text = `chains:
  - { name: a, upstreams: [{ name: x, url: http://a }, { name: x, url: http://b }] }
  - { name: b, upstreams: [{ name: x, url: http://a }] }
`;
    expect(faultsOf(text)).toEqual([
      'h.yaml:2:64 chains[0].upstreams[1].name: is the name of another upstream too; names are unique in the file',
      'h.yaml:3:36 chains[1].upstreams[0].name: is the name of another upstream too; names are unique in the file',
    ]);
  });
});

test('a file for another program, or with the same fault everywhere, is refused in a bounded number of words', () => {
  const strange = Array.from({ length: 500 }, (_, index) => `wombat${index}: 1`).join('\n');
  expect(faultsOf(strange)).toHaveLength(51);
  const upstreams = Array.from({ length: 500 }, () => '{ url: http://a, tier: x }').join(', ');
  expect(faultsOf(`chains: [{ upstreams: [${upstreams}] }]`)).toHaveLength(100);
});
