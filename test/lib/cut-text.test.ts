import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutText } from '../../src/lib/cut-text.ts';

it('leaves a text that is short enough as it is', () => {
  expect(cutText('a few words', 11)).toBe('a few words');
});

it('ends a longer one with a whole word', () => {
  expect(cutText('a few words more', 13)).toBe('a few words…');
  expect(cutText('oneword', 3)).toBe('…');
});

it('keeps no part of a word that did not fit, and never more than was asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,9}$/)), fc.nat(40), (words, most) => {
      const cut = cutText(words.join(' '), most);
      expect(cut.length).toBeLessThanOrEqual(most + 1);
      const kept = cut.replace('…', '').split(' ').filter(Boolean);
      expect(kept).toEqual(words.slice(0, kept.length));
    }),
  );
});
