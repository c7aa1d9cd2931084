import fc from 'fast-check';

/** White space as JSON has it. */
export const space = fc.array(fc.constantFrom(' ', '\n', '\r', '\t'), { maxLength: 2 }).map((parts) => parts.join(''));

const plain = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => JSON.stringify(text).slice(1, -1));
const structure = ['{', '}', '[', ']', ',', ':', '\\"id\\":1'];
const tricky = fc.constantFrom(...structure, '\\"', '\\\\', '\\/', '\\n', '\\u0041', '\\uD83d', '\\ude00');
const long = fc.integer({ min: 80, max: 300 }).map((length) => 'x'.repeat(length));

/** A string's JSON text: short and long, plain, escaped, and full of what looks like structure. */
const stringText = fc
  .array(fc.oneof({ weight: 6, arbitrary: plain }, { weight: 4, arbitrary: tricky }, { weight: 1, arbitrary: long }), {
    maxLength: 5,
  })
  .map((parts) => `"${parts.join('')}"`);

const numberText = fc.oneof(
  fc.constantFrom('0', '-0', '1.0', '9007199254740993', '-1.5e+10', '1E5', '0.25', '2e-7'),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
);

const scalarText = fc.oneof(stringText, numberText, fc.constantFrom('true', 'false', 'null'));

const joined = (open: string, close: string, inside: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.array(inside, { maxLength: 4 }), space)
    .map(([parts, blank]) => (parts.length === 0 ? open + blank + close : open + parts.join(',') + close));

/** The text of any JSON value, without white space around it but with white space within. */
export const valueText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => {
  const padded = fc.tuple(space, tie('value'), space).map((parts) => parts.join(''));
  const entry = fc
    .tuple(space, stringText, space, padded)
    .map(([before, key, after, value]) => `${before}${key}${after}:${value}`);
  return {
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalarText,
      joined('[', ']', padded),
      joined('{', '}', entry),
    ),
  };
}).value;

/** One member of an object: its name, a spelling of that name with or without escapes, and its value's text. */
export interface MemberText {
  readonly name: string;
  readonly spelling: string;
  readonly value: string;
}

/** With its second letter as an escape, where it has one. */
const escaped = (name: string): string =>
  JSON.stringify(name).replace(
    /^("\w)(\w)/,
    (_, first: string, second: string) => `${first}\\u${second.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** A member with one of `names`, or a name that is nearly one of them. */
export const memberText = (names: readonly string[], value: fc.Arbitrary<string>): fc.Arbitrary<MemberText> =>
  fc
    .tuple(
      fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...names) },
        {
          weight: 1,
          arbitrary: fc.constantFrom('extra', 'i', 'idd', 'iD', 'errors', 'Result', 'resul', '', '__proto__'),
        },
      ),
      fc.boolean(),
      value,
    )
    .map(([name, escape, text]) => ({ name, spelling: escape ? escaped(name) : JSON.stringify(name), value: text }));

/** The text of an object with these members, with white space around everything. */
export const objectText = (
  members: fc.Arbitrary<readonly MemberText[]>,
): fc.Arbitrary<{ members: readonly MemberText[]; text: string }> =>
  fc.tuple(members, fc.array(space, { minLength: 4, maxLength: 4 })).map(([list, blanks]) => {
    const [a, b, c, d] = blanks as [string, string, string, string];
    const inside = list.map(({ spelling, value }) => `${a}${spelling}${b}:${c}${value}${d}`).join(',');
    return { members: list, text: `${b}{${inside === '' ? a : inside}}${d}` };
  });

/** What `JSON.parse` makes of bytes as strict UTF-8, wrapped; undefined where it refuses. */
export const parsed = (bytes: Buffer): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) };
  } catch {
    return undefined;
  }
};

/** Small damages: bytes taken out, put in or overwritten. */
export const damaged = (text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> => {
  const byte = fc.oneof(
    fc.constantFrom(...Buffer.from('"\\{}[],:0123456789.eE+-tfnu \n\t/')),
    fc.integer({ min: 0, max: 255 }),
  );
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 2 }), fc.array(byte, { maxLength: 2 }));
  return fc.tuple(text, fc.array(change, { minLength: 1, maxLength: 3 })).map(([whole, changes]) => {
    const bytes = [...Buffer.from(whole)];
    for (const [where, remove, insert] of changes) bytes.splice(where % (bytes.length + 1), remove, ...insert);
    return Buffer.from(bytes);
  });
};
