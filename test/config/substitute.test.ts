import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expand } from '../../src/config/substitute.ts';
import { configOf, faultsOf, file, load } from './load-text.ts';

const none = {
  env: {},
  readFile: (): string => {
    throw new Error('no files here');
  },
};

const expanded = (text: string, env: Readonly<Record<string, string>>): string | undefined => {
  const result = expand(text, { ...none, env });
  return result.ok ? result.text : undefined;
};

describe('references', () => {
  test.each([
    ['${A}', 'a'],
    ['x${A}y${B}z', 'xaybz'],
    ['${A:-other}', 'a'],
    ['${NONE:-other}', 'other'],
    ['${EMPTY:-other}', 'other'],
    ['${NONE:-}', ''],
    ['${EMPTY}', ''],
    ['${NONE:-http://x:1/-}', 'http://x:1/-'],
    ['$$', '$'],
    ['$${A}', '${A}'],
    ['$$$${A}', '$${A}'],
    ['$A $ 5$', '$A $ 5$'],
    ['', ''],
  ])('%j is read as %j', (text, meaning) => {
    expect(expanded(text, { A: 'a', B: 'b', EMPTY: '' })).toBe(meaning);
  });

  test('what was put in is not looked at again', () => {
    expect(expanded('${A}', { A: '${B}$$', B: 'b' })).toBe('${B}$$');
  });

  test('text without a dollar sign stands for itself', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('$') && !text.startsWith('file:'));
        expect(expanded(text, {})).toBe(text);
      }),
    );
  });

  test('any text doubled in its dollar signs stands for itself', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.startsWith('file:'));
        expect(expanded(text.replaceAll('$', '$$$$'), {})).toBe(text);
      }),
    );
  });

  test('any value can be put in, whatever characters it holds', () => {
    fc.assert(fc.property(fc.string(), (value) => expanded('a${V}b', { V: value }) === `a${value}b`));
  });
});

describe('in a file', () => {
  const token = (text: string): string => file({ top: `ops: { token: '${text}' }` });

  test('an environment variable is put into text', () => {
    expect(configOf(token('${TOKEN}'), { env: { TOKEN: 'a: b # c'.replaceAll(' ', '') } }).ops.token).toBe('a:b#c');
  });

  test('a variable that is not set is a fault that names it', () => {
    expect(faultsOf(token('${TOKEN}'))).toEqual([
      'h.yaml:1:15 ops.token: the environment variable TOKEN is not set; set it, or write ${TOKEN:-default}',
    ]);
  });

  test('a reference that cannot be read is a fault', () => {
    const hint = 'write $$ for a dollar sign';
    expect(faultsOf(token('${TOKEN'))).toEqual([`h.yaml:1:15 ops.token: "\${" is not closed; ${hint}`]);
    for (const text of ['${}', '${1A}', '${A-b}', '${A:?no}', '${A:-${B}}']) {
      expect(faultsOf(token(text))).toEqual([`h.yaml:1:15 ops.token: expected \${NAME} or \${NAME:-default}; ${hint}`]);
    }
  });

  test('file: as the whole value is the content of the file, less one newline at its end', () => {
    const read = (content: string) =>
      configOf(file({ upstream: 'headers: { authorization: file:/run/secrets/x }' }), {
        files: { '/run/secrets/x': content },
      }).chains[0]?.upstreams[0]?.headers?.['authorization'];
    expect(read('Bearer ${X} $$\n')).toBe('Bearer ${X} $$');
    expect(read('Bearer a\r\n')).toBe('Bearer a');
    expect(read('Bearer a')).toBe('Bearer a');
  });

  test('file: takes its path from the environment, but never comes from there', () => {
    const outside = { env: { DIR: '/run/secrets', WHOLE: 'file:/run/secrets/x' }, files: { '/run/secrets/x': 'abc' } };
    expect(configOf(token('file:${DIR}/x'), outside).ops.token).toBe('abc');
    expect(configOf(token('${WHOLE}'), outside).ops.token).toBe('file:/run/secrets/x');
  });

  test('a file that cannot be read is a fault that names it', () => {
    expect(faultsOf(token('file:/run/secrets/y'))).toEqual([
      'h.yaml:1:15 ops.token: cannot read /run/secrets/y: there is no such file or folder',
    ]);
    expect(faultsOf(token('file:secrets/y'))).toEqual([
      'h.yaml:1:15 ops.token: file: needs an absolute path, such as file:/run/secrets/token',
    ]);
    expect(faultsOf(token('file:/big'), { files: { '/big': 'x'.repeat(70_000) } })).toEqual([
      'h.yaml:1:15 ops.token: /big is larger than 64KiB',
    ]);
  });

  test('what is put in for a number, boolean, time, size, choice or id is read as one', () => {
    const text = file({
      top: `server: { port: '\${PORT}', compression: '\${ON}', workers: '\${W}', limits: { bodySize: '\${SIZE}', requestsPerSecond: '\${RATE}' }, drain: { delay: '\${DELAY}' } }`,
      chain: `id: '\${ID}'`,
      upstream: `weight: '\${WEIGHT}'\nsend: '\${SEND}'\ndrained: '\${SEND}'`,
    });
    const env = {
      PORT: '80',
      ON: 'true',
      W: '2',
      SIZE: '64KiB',
      RATE: '1.5',
      DELAY: '0s',
      ID: '0x5',
      WEIGHT: '0.5',
      SEND: 'false',
    };
    const config = configOf(text, { env });
    expect(config.server).toMatchObject({ port: 80, compression: true, workers: 2, drain: { delay: 0 } });
    expect(config.server.limits).toMatchObject({ bodySize: 65_536, requestsPerSecond: 1.5 });
    expect(config.chains[0]?.id).toBe(5n);
    expect(config.chains[0]?.upstreams[0]).toMatchObject({ weight: 0.5, send: false, drained: false });
    expect(
      configOf(file({ top: `server: { limits: { requestsPerSecond: '\${R}' } }` }), { env: { R: 'null' } }).server
        .limits.requestsPerSecond,
    ).toBeNull();
  });

  test('a fault of a value from outside says where it comes from, and never what it is', () => {
    const env = { PORT: 'supersecret' };
    expect(faultsOf(file({ top: `server: { port: '\${PORT}' }` }), { env })).toEqual([
      'h.yaml:1:17 server.port: expected a whole number from 0 to 65535 (it comes from ${PORT})',
    ]);
  });

  test('no fault of any key repeats what came from outside', () => {
    const secret = 'Zq7Xw9Kp2Lm4';
    const keys = ['name', 'url', 'ws', 'calls', 'send', 'tier', 'weight', 'drained', 'headers', 'budget', 'discover'];
    for (const key of keys) {
      const loaded = load(`chains: [{ upstreams: [{ ${key}: '\${S}' }] }]`, { env: { S: `${secret} ${secret}` } });
      expect(JSON.stringify(loaded)).not.toContain(secret);
    }
  });

  test('keys are never put in from outside', () => {
    expect(faultsOf(file({ top: "'${KEY}': 1" }), { env: { KEY: 'server' } })).toEqual([
      'h.yaml:1:1 ["${KEY}"]: unknown key',
    ]);
  });

  test('the ops token comes from HEADGATE_OPS_TOKEN where the file has none', () => {
    const env = { HEADGATE_OPS_TOKEN: 'from-outside' };
    expect(configOf(file({}), { env }).ops.token).toBe('from-outside');
    expect(configOf(file({ top: 'ops: { port: 1 }' }), { env }).ops.token).toBe('from-outside');
    expect(configOf(token('own'), { env }).ops.token).toBe('own');
    expect(configOf(token(''), { env }).ops.token).toBeUndefined();
    expect(configOf(file({})).ops.token).toBeUndefined();
  });
});
