import { type Path, pathPattern } from './paths.ts';

/**
 * How many letters have to be added, dropped, changed or swapped with their neighbour to make one word of the other.
 * Works on words of up to 64 letters; longer ones are cut.
 */
export const editDistance = (left: string, right: string): number => {
  const a = left.slice(0, 64);
  const b = right.slice(0, 64);
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const changed = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min(at(above, column) + 1, at(current, column - 1) + 1, at(above, column - 1) + changed);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, at(before, column - 2) + 1);
      }
      current.push(cost);
    }
    before = above;
    above = current;
  }
  return at(above, b.length);
};

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;

/** Spellings that differ only in case or in how words are joined are the same word. */
const normal = (word: string): string => word.toLowerCase().replace(/[-_ ]/g, '');

/** The candidate that was most likely meant; undefined where none is near enough to be worth saying. */
export const nearest = (word: string, candidates: readonly string[]): string | undefined => {
  const wanted = normal(word);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = startsOther(wanted, normal(candidate)) ? 1 : editDistance(wanted, normal(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
};

/** `warning` for `warn`, `err` for `error`. */
const startsOther = (one: string, other: string): boolean =>
  Math.min(one.length, other.length) >= 3 && one !== other && (one.startsWith(other) || other.startsWith(one));

/** `did you mean X?` for the nearest candidate, or nothing. */
export const didYouMean = (word: string, candidates: readonly string[]): string | undefined => {
  const near = nearest(word, candidates);
  return near === undefined ? undefined : `did you mean ${near}?`;
};

/**
 * What to do about an unknown key: the sibling that was misspelt, else the place where a key of that name belongs.
 * `known` are the patterns of all keys of the schema (`chains[].routing.timeout`).
 */
export const suggestKey = (parent: Path, key: string, known: readonly string[]): string | undefined => {
  const level = pathPattern(parent);
  const siblings = known.filter((pattern) => split(pattern).parent === level).map((pattern) => split(pattern).key);
  const sibling = didYouMean(key, siblings);
  if (sibling !== undefined) return sibling;
  const elsewhere = known
    .filter((pattern) => normal(split(pattern).key) === normal(key))
    .map((pattern) => ({ ...split(pattern), rank: nearness(split(pattern).parent, level) }))
    .sort((a, b) => b.rank - a.rank);
  const best = elsewhere.filter(({ rank }) => rank === elsewhere[0]?.rank).slice(0, 2);
  if (best.length === 0) return undefined;
  const exact = best[0]?.key === key ? 'it' : best[0]?.key;
  const places = best.map((one) => (one.parent === '' ? 'the top level' : `"${located(one.parent, parent)}"`));
  return `${exact} belongs under ${places.join(' or ')}`;
};

const split = (pattern: string): { parent: string; key: string } => {
  const dot = pattern.lastIndexOf('.');
  return dot < 0 ? { parent: '', key: pattern } : { parent: pattern.slice(0, dot), key: pattern.slice(dot + 1) };
};

/** Common beginnings count most, then the shorter way: a key put one level too high belongs just below, not in another section. */
const nearness = (one: string, other: string): number => {
  const [a, b] = [one.split('.'), other.split('.')];
  const shared = a.findIndex((part, index) => part !== b[index]);
  return (shared < 0 ? a.length : shared) * 100 - a.length;
};

/** Puts the numbers of the list items, as far as both ways are the same, back into a pattern. */
const located = (pattern: string, path: Path): string => {
  const indexes = path.filter((part) => typeof part === 'number');
  const keys = pathPattern(path).split('.');
  const shared = pattern.split('.').map((part, index) => {
    const known = part.endsWith('[]') && keys[index] === part;
    return known ? part.replace('[]', `[${indexes.shift() ?? ''}]`) : part;
  });
  return shared.join('.');
};
