/** Numbers by chance that are the same for the same seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 to 1. */
  roll(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.roll() * limit);
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}

const nested = (open: string, inner: string, close: string, levels: number): string =>
  open.repeat(levels) + inner + close.repeat(levels);

/** JSON that nobody expects where a hash, a quantity, a list or an object stands. */
export const oddities: readonly string[] = [
  ...['null', 'true', '{}', '[]', '""', '0', '-1', '1.5', '1e400', '9007199254740993'],
  ...['"0x"', '"0x00"', '"0X1"', '"-0x1"', '"0xg"', '"latest"', '"\\u0000"', '"\\ud800"', '"__proto__"'],
  ...['"0xffffffffffff"', '"0x1000000000000"', '"0x1fffffffffffff"', `"0x1${'0'.repeat(64)}"`],
  ...[`"0x${'0'.repeat(64)}"`, `"0x${'ab'.repeat(32)}"`, `"0x${'AB'.repeat(32)}"`, `"0x${'f'.repeat(512)}"`],
  ...['{"toString":null}', '{"toString":null,"valueOf":null}', '[{"toString":null}]', '{"then":1}', '{"length":1e9}'],
  ...['{"__proto__":null}', '{"constructor":{"prototype":1}}', '[null]', '[[]]', '[{}]', '{"code":1}'],
  ...[nested('[', '', ']', 3000), nested('{"a":', '1', '}', 3000), '['.repeat(3000), `"${'A'.repeat(100_000)}"`],
  ...[`"${'1'.repeat(100_000)}"`, `[${'{},'.repeat(20_000)}{}]`, `{${'"k":1,'.repeat(5000)}"k":1}`],
];

/** Those that most often find a fault: what no text, number or hash can be made of, and what recursion does not survive. */
const notorious: readonly string[] = [
  ...['null', '{"toString":null}', '{"toString":null,"valueOf":null}', '[null]', '"0x1000000000000"'],
  ...[nested('[', '', ']', 3000), nested('{"a":', '1', '}', 3000)],
];

type Place = readonly string[];

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Every value within a value, itself included. */
const placesIn = (value: unknown, at: Place = []): Place[] => [
  at,
  ...(isContainer(value) ? Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...at, key])) : []),
];

const written = (value: unknown, place: Place | undefined, odd: (was: unknown) => string): string => {
  if (place?.length === 0) return odd(value);
  if (place === undefined || !isContainer(value)) return JSON.stringify(value) ?? 'null';
  const [key, ...rest] = place;
  const members = Object.entries(value).map(([name, inner]) => {
    const text = written(inner, name === key ? rest : undefined, odd);
    return Array.isArray(value) ? text : `${JSON.stringify(name)}:${text}`;
  });
  return Array.isArray(value) ? `[${members.join(',')}]` : `{${members.join(',')}}`;
};

/** The JSON of a value with one place in it changed. */
export const mutated = (dice: Dice, value: unknown): string => {
  const places = placesIn(value);
  const place = dice.pick(places);
  const other = dice.pick(places).reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], value);
  return written(value, place, (was) => {
    const text = JSON.stringify(was) ?? 'null';
    const kind = dice.below(16);
    if (kind === 0) return JSON.stringify(other) ?? 'null';
    if (kind === 1) return `[${text},${text}]`;
    if (kind === 2) return text.toUpperCase();
    if (kind === 3 && text.startsWith('{')) return text.replace('{', `{"__proto__":${text},`).replace(',}', '}');
    return dice.pick(kind < 10 ? notorious : oddities);
  });
};

/** The bytes of a text that was damaged on its way. */
export const damaged = (dice: Dice, text: string): Buffer => {
  const bytes = Buffer.from(text);
  const at = dice.below(bytes.length + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  const ways: readonly (() => Buffer)[] = [
    () => before,
    () => Buffer.concat([bytes, bytes]),
    () => Buffer.concat([before, Buffer.from([0xff, 0xfe]), after]),
    () => Buffer.concat([before, after.subarray(1 + dice.below(8))]),
    () => Buffer.concat([after, before]),
    () => Buffer.from('[]'),
  ];
  return dice.pick(ways)();
};
