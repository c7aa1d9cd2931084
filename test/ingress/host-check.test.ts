import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostCheck, isLoopback } from '../../src/ingress/host-check.ts';

const onLoopback = (header: string | undefined, hosts: readonly string[] = []) =>
  hostCheck({ bound: '127.0.0.1', hosts })(header);

test.each(['localhost', 'LocalHost:8545', '127.0.0.1', '127.0.0.1:1', '[::1]', '[::1]:8545'])(
  'on loopback %s is one of our own names',
  (header) => {
    expect(onLoopback(header)).toBe(true);
  },
);

test.each([
  '',
  'evil.example',
  'evil.example:8545',
  'localhost.evil.example',
  'evil.example/localhost',
  'localhost@evil.example',
  'localhost:80:80',
  'localhost:x',
  '127.0.0.1.nip.io',
  '10.0.0.1',
  '::1',
  '[::1',
  '[::2]',
])('on loopback %j is none of our names', (header) => {
  expect(onLoopback(header)).toBe(false);
});

test('a configured host is allowed at every port, or at the one it names', () => {
  expect(onLoopback('gate.internal:99', ['gate.internal'])).toBe(true);
  expect(onLoopback('GATE.internal', ['Gate.Internal'])).toBe(true);
  expect(onLoopback('gate.internal:99', ['gate.internal:99'])).toBe(true);
  expect(onLoopback('gate.internal:98', ['gate.internal:99'])).toBe(false);
  expect(onLoopback('other.internal', ['gate.internal'])).toBe(false);
});

test('the loopback address that the listener is bound to is allowed', () => {
  expect(hostCheck({ bound: '127.0.0.9', hosts: [] })('127.0.0.9:1')).toBe(true);
  expect(hostCheck({ bound: '127.0.0.9', hosts: [] })('127.0.0.8:1')).toBe(false);
});

test('a request without the header is from no browser', () => {
  expect(onLoopback(undefined)).toBe(true);
});

test('a listener that others can reach takes every name', () => {
  for (const bound of ['0.0.0.0', '::', '10.0.0.1', '192.168.1.5', '128.0.0.1']) {
    expect(hostCheck({ bound, hosts: [] })('evil.example')).toBe(true);
  }
});

test('loopback is what only this machine reaches', () => {
  expect(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.1', '::1'].filter((host) => !isLoopback(host))).toEqual([]);
  expect(['0.0.0.0', '::', '10.0.0.1', '127.evil.example', '127.0.0.1.example', ''].filter(isLoopback)).toEqual([]);
});

test('no other header than one of the allowed names, with or without a port, passes', () => {
  const name = fc.string({
    unit: fc.constantFrom('localhost', '127.0.0.1', '[::1]', ':', '80', '.', '@', '/', 'x', ' '),
    maxLength: 5,
  });
  fc.assert(
    fc.property(name, (header) => {
      expect(onLoopback(header)).toBe(/^(?:localhost|127\.0\.0\.1|\[::1\])(?::(?:80){0,2}|:)?$/.test(header));
    }),
    { numRuns: 2000 },
  );
});
