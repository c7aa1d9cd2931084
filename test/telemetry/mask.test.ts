import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMask } from '../../src/telemetry/mask.ts';

const mask = (text: string, secrets: readonly string[]): string => createMask(secrets)(text);

/** Any text, with the characters that encodings treat in their own way made likely. */
const secret = fc.oneof(
  fc.string({ minLength: 4, maxLength: 40, unit: 'binary' }),
  fc.string({
    minLength: 4,
    maxLength: 12,
    unit: fc.constantFrom('*', 'a', '/', '"', '\\', '%', '+', ' ', '\n', '@', '2', 'F', 'é', '🔑', '$', '^'),
  }),
);
const around = fc.string({
  maxLength: 30,
  unit: fc.constantFrom('*', 'a', ' ', '"', ':', '/', 'https://', '\\', '@', '2', 'n'),
});

const wellFormed = (text: string): string => text.toWellFormed();
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

test.each<[string, (text: string) => string]>([
  ['as it is', (text) => text],
  ['inside JSON', inJson],
  ['inside JSON inside JSON', (text) => inJson(inJson(text))],
  ['percent-encoded', (text) => encodeURIComponent(wellFormed(text))],
  [
    'percent-encoded in lower case',
    (text) => encodeURIComponent(wellFormed(text)).replaceAll(/%../g, (code) => code.toLowerCase()),
  ],
  ['as part of a URI', (text) => encodeURI(wellFormed(text))],
  ['as a form value', (text) => String(new URLSearchParams({ key: wellFormed(text) })).slice(4)],
  ['percent-encoded inside JSON', (text) => inJson(encodeURIComponent(wellFormed(text)))],
])('no secret survives %s, whatever stands around it', (_form, write) => {
  fc.assert(
    fc.property(secret, fc.array(secret, { maxLength: 3 }), around, around, (one, others, before, after) => {
      const form = write(one);
      expect(mask(`${before}${form}${after}`, [...others, one])).not.toContain(form);
      expect(mask(`${before}${form}${form}${after}`, [one, ...others])).not.toContain(form);
    }),
    { numRuns: 300 },
  );
});

test('no secret survives in the texts that the others leave', () => {
  fc.assert(
    fc.property(fc.array(secret, { minLength: 2, maxLength: 4 }), (secrets) => {
      const masked = mask(secrets.join(''), secrets);
      for (const one of secrets) expect(masked).not.toContain(one);
    }),
    { numRuns: 500 },
  );
});

test('the longer of two secrets that begin alike leaves no rest', () => {
  expect(mask('key=abcd-efgh', ['abcd', 'abcd-efgh'])).toBe('key=***');
});

test('a secret that the mask of another one completes does not survive either', () => {
  expect(mask('babcd', ['abcd', 'b***'])).toBe('***');
});

test('secrets of less than four characters are left, since they are found in half of all words', () => {
  expect(mask('an upstream is up', ['up', '', 'am'])).toBe('an upstream is up');
  expect(mask('a%2F%2Fb', ['//'])).toBe('a%2F%2Fb');
});

test('a text without secrets and URLs stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', ':', '/', '0x12') }), (text) => {
      fc.pre(!text.includes('://'));
      expect(mask(text, ['no such thing'])).toBe(text);
    }),
  );
});

test.each([
  ['https://user:pass@node.example:8545/v3/KEY?apikey=KEY#KEY', 'https://node.example:8545/***'],
  ['https://node.example/', 'https://node.example/'],
  ['https://node.example', 'https://node.example'],
  ['https://node.example?key=K', 'https://node.example/***'],
  ['wss://TOKEN@node.example', 'wss://node.example'],
  ['HTTPS://TOKEN@[::1]:8545/x', 'HTTPS://[::1]:8545/***'],
  ['redis://:pass@cache:6379/0', 'redis://cache:6379/***'],
  ['https://user:p@ss@node.example/x', 'https://node.example/***'],
  ['https://user:pa/ss@node.example/x', 'https://***/***'],
  ['ipc:///data/geth.ipc', 'ipc:///***'],
  ['fetch of http://a/KEY failed, then of http://b/KEY', 'fetch of http://a/*** failed, then of http://b/***'],
  [
    String.raw`{"msg":"no route to https://a/KEY","to":"https://b/\"KEY"}`,
    '{"msg":"no route to https://a/***","to":"https://b/***"}',
  ],
  [String.raw`{"stack":"Error: https://a/KEY\n    at x"}`, String.raw`{"stack":"Error: https://a/***\n    at x"}`],
])('of the URL in %s only scheme, host and port stay', (text, masked) => {
  expect(mask(text, [])).toBe(masked);
});

test('no user, password, path or query of a URL survives', () => {
  const part = fc
    .string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('K', '7', '-', ':', '%2F', '.', '~', '+') })
    .map((text) => `KEY${text}`);
  fc.assert(
    fc.property(part, part, part, part, (user, password, path, query) => {
      const text = `asked https://${user}:${password}@node.example:8545/${path}/@${path}?q=${query}#${query} in vain`;
      expect(mask(text, [])).toBe('asked https://node.example:8545/*** in vain');
    }),
  );
});

test('masking twice changes nothing more', () => {
  fc.assert(
    fc.property(fc.array(secret, { maxLength: 3 }), around, (secrets, text) => {
      const once = createMask(secrets);
      expect(once(once(text))).toBe(once(text));
    }),
  );
});

test('a hostile text costs time in proportion to its length', () => {
  const text = `${'https://'.repeat(20_000)}${'\\'.repeat(20_000)}${'a@'.repeat(20_000)}`;
  expect(mask(text, ['secret-one']).length).toBeLessThan(text.length);
  expect(mask(`${'a'.repeat(200_000)} ${'a'.repeat(200_000)}https://a/b`, [])).toContain('https://a/***');
});
