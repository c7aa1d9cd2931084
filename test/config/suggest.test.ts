import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, nearest, suggestKey } from '../../src/config/suggest.ts';

test.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['prot', 'port', 1],
  ['timeout', 'timeout', 0],
])('from %j to %j it takes %i changes', (left, right, distance) => expect(editDistance(left, right)).toBe(distance));

test('the distance is the same both ways, 0 only for the same word, and never more than the longer word', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (left, right) => {
      const distance = editDistance(left, right);
      expect(distance).toBe(editDistance(right, left));
      expect(distance === 0).toBe(left === right);
      expect(distance).toBeLessThanOrEqual(Math.max(left.length, right.length));
    }),
  );
});

test('the nearest word is found whatever its case and dashes, and nothing where none is near', () => {
  expect(nearest('MAX_LAG', ['minPeers', 'maxLag'])).toBe('maxLag');
  expect(nearest('majorty', ['majority', 'fastest'])).toBe('majority');
  expect(nearest('quorum', ['majority', 'fastest'])).toBeUndefined();
  expect(nearest('x', [])).toBeUndefined();
});

describe('an unknown key', () => {
  const known = [
    'server',
    'server.port',
    'ops',
    'ops.port',
    'server.drain.timeout',
    'chains',
    'chains[].routing',
  ].concat('chains[].routing.timeout', 'chains[].upstreams[].send');

  test('that is nearly a sibling was misspelt', () => {
    expect(suggestKey(['server'], 'prot', known)).toBe('did you mean port?');
  });

  test('of another level is told where it belongs, in the same chain', () => {
    expect(suggestKey(['chains', 3], 'timeout', known)).toBe('it belongs under "chains[3].routing"');
    expect(suggestKey(['chains', 3, 'upstreams', 1], 'routing', known)).toBe('it belongs under "chains[3]"');
  });

  test('that two sections have is told both', () => {
    expect(suggestKey([], 'port', known)).toBe('it belongs under "server" or "ops"');
  });

  test('of a list is told without a number where nobody knows which item', () => {
    expect(suggestKey([], 'send', known)).toBe('it belongs under "chains[].upstreams[]"');
  });

  test('of the top level is told so', () => {
    expect(suggestKey(['ops'], 'chains', known)).toBe('it belongs under the top level');
  });

  test('that is like nothing gets no suggestion', () => {
    expect(suggestKey([], 'wombat', known)).toBeUndefined();
  });
});
