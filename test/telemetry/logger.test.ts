import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLogger, type LogOptions } from '../../src/telemetry/logger.ts';

const logging = (options: Partial<LogOptions> = {}, secrets: readonly string[] = [], isTTY = false) => {
  const lines: string[] = [];
  const out = { isTTY, write: (line: string) => lines.push(line) };
  return { lines, ...createLogger({ level: 'info', format: 'auto', ...options }, secrets, out) };
};

test('writes one JSON object a line with the level in words and the time in ISO form', () => {
  const { log, lines } = logging();
  log.warn({ chain: 'mainnet' }, 'geth-1 is lagging');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/\}\n$/);
  const { time, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  expect(rest).toEqual({ level: 'warn', chain: 'mainnet', msg: 'geth-1 is lagging' });
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('is pretty on a terminal, and elsewhere only when asked', () => {
  const isJson = (options: Partial<LogOptions>, terminal: boolean) => {
    const { log, lines } = logging(options, [], terminal);
    log.info('hello');
    expect(lines.join('')).toContain('hello');
    return lines[0]?.startsWith('{');
  };
  expect([
    isJson({}, false),
    isJson({}, true),
    isJson({ format: 'pretty' }, false),
    isJson({ format: 'json' }, true),
  ]).toEqual([true, false, false, true]);
});

test('keeps lines below its level to itself', () => {
  const { log, lines } = logging({ level: 'warn' });
  log.info('not this');
  log.error('but this');
  expect(lines).toEqual([expect.stringContaining('but this')]);
});

test.each(['json', 'pretty'] as const)(
  'masks secrets and URLs in messages, fields, and error stacks as %s',
  (format) => {
    const { log, lines } = logging({ format }, ['hunter"2\n', 'KEY-of-provider']);
    const error = new Error('connect to https://u:KEY-of-provider@node.example/v3/abc failed', {
      cause: new Error('hunter"2\n'),
    });
    log.error(
      { err: error, headers: { authorization: 'Bearer KEY-of-provider' }, list: ['hunter"2\n'] },
      'hunter"2\n at https://node.example/v3/abc',
    );
    const text = lines.join('');
    for (const leak of ['hunter', 'KEY-of', 'v3', 'abc', 'u:']) expect(text).not.toContain(leak);
    expect(text).toContain('https://node.example/***');
    expect(text).toContain('at ');
  },
);

test.each(['json', 'pretty'] as const)('no secret survives in a line, whichever it is, as %s', (format) => {
  const secret = fc.oneof(
    fc.string({ minLength: 4, maxLength: 20, unit: 'binary' }),
    fc.string({
      minLength: 4,
      maxLength: 8,
      unit: fc.constantFrom('"', '\\', '{', '}', ':', ',', '2', '0', '\n', 'm', 's', 'g'),
    }),
  );
  fc.assert(
    fc.property(secret, (one) => {
      const { log, lines } = logging({ format }, [one]);
      log.warn({ key: one, [`k${one}`]: 20_202_020, nested: { list: [one] } }, `before ${one} after`);
      expect(lines.join('')).not.toContain(one);
      expect(lines.join('')).not.toContain(JSON.stringify(one).slice(1, -1));
    }),
    { numRuns: 300 },
  );
});

test('a secret of digits leaves the line JSON', () => {
  const { log, lines } = logging({}, ['1234']);
  log.info({ number: 9_123_456 }, 'the head is 9123456');
  expect(() => JSON.parse(lines[0] ?? '')).not.toThrow();
  expect(lines[0]).not.toContain('1234');
});

test('masks what becomes a secret only by being made pretty', () => {
  const { log, lines } = logging({ format: 'pretty' }, ['WARN']);
  log.warn('a line');
  expect(lines.join('')).toContain('a line');
  expect(lines.join('')).not.toContain('WARN');
});

test('takes over the level and the secrets of a reload', () => {
  const { log, lines, update } = logging({}, ['old-secret']);
  update({ level: 'debug', secrets: ['new-secret'] });
  log.debug('with new-secret');
  expect(lines).toEqual([expect.stringContaining('with ***')]);
});
