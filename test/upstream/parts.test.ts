import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isNearby, nodeAddress, siblingSocket } from '../../src/upstream/node-address.ts';
import { retryAfterMs } from '../../src/upstream/retry-after.ts';
import { numericId } from '../../src/upstream/reply-outcome.ts';
import { subscriptionEvent } from '../../src/upstream/subscription-event.ts';

describe('an address', () => {
  test('gives up its userinfo as basic auth, which a configured header beats', () => {
    const address = nodeAddress('https://us%40er:p%3Ass@node.example/v2/key?x=1#frag', { 'X-Key': 'k' });
    expect(address).toEqual({
      kind: 'http',
      target: 'https://node.example/v2/key?x=1',
      headers: { authorization: `Basic ${Buffer.from('us@er:p:ss').toString('base64')}`, 'x-key': 'k' },
      nearby: false,
    });
    expect(nodeAddress('http://u:p@h', { Authorization: 'Bearer t' })?.headers).toEqual({ authorization: 'Bearer t' });
    expect(nodeAddress('http://h')?.headers).toEqual({});
  });

  test('of IPC is a path, on Windows too', () => {
    expect(nodeAddress('ipc:///data/geth.ipc')).toMatchObject({ kind: 'ipc', target: '/data/geth.ipc', nearby: true });
    expect(nodeAddress('ipc:////./pipe/geth.ipc')?.target).toBe('//./pipe/geth.ipc');
  });

  test.each(['ftp://h', 'node:8545', '', 'http//'])('is not %j', (text) => {
    expect(nodeAddress(text)).toBeUndefined();
  });

  test('has a socket at the same host, port and path', () => {
    expect(siblingSocket('http://h:8545/x')).toBe('ws://h:8545/x');
    expect(siblingSocket('https://h')).toBe('wss://h');
  });

  test.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['10.1.2.3', true],
    ['172.16.0.1', true],
    ['172.31.255.1', true],
    ['172.32.0.1', false],
    ['192.168.1.1', true],
    ['192.169.1.1', false],
    ['100.64.0.1', true],
    ['100.128.0.1', false],
    ['169.254.1.1', true],
    ['8.8.8.8', false],
    ['[::1]', true],
    ['[fd00::1]', true],
    ['[fe80::1]', true],
    ['[2001:db8::1]', false],
    ['geth', true],
    ['geth-0.geth.nodes.svc', true],
    ['mainnet.example.com', false],
    ['10.example.com', false],
    ['svc.example', false],
  ])('at %s is nearby: %s', (host, expected) => {
    expect(isNearby(host)).toBe(expected);
  });
});

describe('Retry-After', () => {
  const wall = Date.UTC(2025, 0, 1);
  test.each([
    ['5', 5_000],
    [' 0 ', 0],
    ['1.5', 1_500],
    ['99999999', 60_000],
    ['Wed, 01 Jan 2025 00:00:07 GMT', 7_000],
    ['Wed, 01 Jan 2020 00:00:07 GMT', 0],
    ['Wed, 01 Jan 2099 00:00:00 GMT', 60_000],
    ['-5', undefined],
    ['soon', undefined],
    ['1e9', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %s ms', (header, expected) => {
    expect(retryAfterMs(header, wall, 60_000)).toBe(expected);
  });

  test('is never negative, above the limit, or no number', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const ms = retryAfterMs(header, wall, 60_000);
        expect(ms === undefined || (ms >= 0 && ms <= 60_000)).toBe(true);
      }),
    );
  });
});

describe('an id of the gateway', () => {
  test.each([
    ['7', 7],
    ['123456789012345', 123456789012345],
    ['"7"', -1],
    ['7.0', -1],
    ['-7', -1],
    ['null', -1],
    ['1234567890123456', -1],
    ['', -1],
  ])('%s reads as %s', (text, expected) => {
    expect(numericId(Buffer.from(text))).toBe(expected);
  });
});

describe('a subscription event', () => {
  const read = (text: string) => {
    const event = subscriptionEvent(Buffer.from(text));
    return event === undefined ? undefined : [event.subscription, event.result.toString()];
  };

  test('is read in any order of members, with others between them', () => {
    expect(read('{"subscription":"0x1","result":{"a":[1]}}')).toEqual(['"0x1"', '{"a":[1]}']);
    expect(read('{ "result" : null , "x":{"result":1}, "subscription" : "0x1" }')).toEqual(['"0x1"', 'null']);
  });

  test.each(['[]', '{}', '{"subscription":"0x1"}', '{"result":1}', `{"subscription":"${'a'.repeat(200)}","result":1}`])(
    'is not %s',
    (text) => {
      expect(read(text)).toBeUndefined();
    },
  );

  test('has the same members as JSON.parse sees', () => {
    const params = fc.record({
      subscription: fc.string({ maxLength: 20 }),
      result: fc.jsonValue(),
      other: fc.jsonValue(),
    });
    fc.assert(
      fc.property(params, (object) => {
        const event = subscriptionEvent(Buffer.from(JSON.stringify(object)));
        const seen = event && [JSON.parse(event.subscription), JSON.parse(event.result.toString())];
        expect(JSON.stringify(seen)).toBe(JSON.stringify([object.subscription, object.result]));
      }),
    );
  });
});
