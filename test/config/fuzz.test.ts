import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderFaults } from '../../src/config/faults.ts';
import { load } from './load-text.ts';

const example = readFileSync(new URL('../../config.example.yaml', import.meta.url), 'utf8');
const lines = example
  .replace(/^( *)#(?! \S|$)(?=\S| {2})/gm, '$1')
  .split('\n')
  .filter((line) => !/^ *#/.test(line));

/** Whatever the text: a checked configuration, or faults that stand within the file and can be written down. */
const sound = (text: string): void => {
  const loaded = load(text, { env: { GETH_TOKEN: 'x' } });
  if (loaded.ok) {
    expect(loaded.config.chains.length).toBeGreaterThan(0);
    return;
  }
  expect(loaded.faults.length).toBeGreaterThan(0);
  const rows = text.split('\n');
  for (const { line, column, message } of loaded.faults) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(rows.length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual((rows[line - 1] ?? '').length + 1);
    expect(message).not.toBe('');
  }
  expect(renderFaults(loaded.faults).split('\n').length).toBeGreaterThanOrEqual(loaded.faults.length);
};

const line = fc.integer({ min: 0, max: lines.length - 1 });

const oddValue = fc.constantFrom(
  ...[
    '',
    ' ~',
    ' []',
    ' {}',
    ' -1',
    ' 0',
    ' 1e400',
    ' .nan',
    ' 99999999999999999999',
    ' "',
    ' *x',
    ' &x 1',
    ' !!binary aGk=',
  ],
  ...[
    ' ${X}',
    ' "${X:-1}"',
    ' "${"',
    ' file:/no',
    ' 2024-01-01',
    ' yes',
    ' |',
    ' >-',
    ' [[[',
    ' {{{',
    ' ? a',
    ' - b',
    ' <<: x',
    ' \u0000',
    ' \ud800',
  ],
  ...[' __proto__', ' constructor', ' 5MB', ' 2', ' "\\u0000"', ' http://[', ' ipc://', ' 0x10', ' 1_000', ' 12:30'],
);

const mutation = fc.oneof(
  fc.record({ kind: fc.constant('value' as const), at: line, value: oddValue }),
  fc.record({ kind: fc.constant('indent' as const), at: line, by: fc.integer({ min: 0, max: 12 }) }),
  fc.record({ kind: fc.constant('remove' as const), at: line }),
  fc.record({ kind: fc.constant('repeat' as const), at: line }),
  fc.record({ kind: fc.constant('text' as const), at: line, text: fc.string({ unit: 'binary', maxLength: 20 }) }),
  fc.record({ kind: fc.constant('letter' as const), at: line, place: fc.nat(40), letter: fc.string({ maxLength: 1 }) }),
);

const mutated = (steps: readonly (typeof mutation extends fc.Arbitrary<infer Step> ? Step : never)[]): string => {
  const rows = [...lines];
  for (const step of steps) {
    const row = rows[step.at] ?? '';
    if (step.kind === 'value') rows[step.at] = row.replace(/:.*$/, () => `:${step.value}`);
    if (step.kind === 'indent') rows[step.at] = ' '.repeat(step.by) + row.trimStart();
    if (step.kind === 'remove') rows[step.at] = '';
    if (step.kind === 'repeat') rows[step.at] = `${row}\n${row}`;
    if (step.kind === 'text') rows[step.at] = `${row}${step.text}`;
    if (step.kind === 'letter') rows[step.at] = row.slice(0, step.place) + step.letter + row.slice(step.place + 1);
  }
  return rows.join('\n');
};

describe('loading never throws, and every fault stands within the file', () => {
  test('for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), sound), { numRuns: 2000 });
  });

  test('for text of the characters that YAML gives a meaning', () => {
    const yaml = fc.string({
      unit: fc.constantFrom(...' \n\t-:?[]{}#&*!|>\'"%@`,~<=ab1$.\r'.split('')),
      maxLength: 60,
    });
    fc.assert(fc.property(yaml, sound), { numRuns: 5000 });
  });

  test('for the example file with something broken in it', () => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (steps) => sound(mutated(steps))),
      {
        numRuns: 500,
      },
    );
  });

  test('for any value at any key of the top', () => {
    const key = fc.constantFrom('server', 'ops', 'log', 'cache', 'redis', 'keys', 'methods', 'chains');
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue({ maxDepth: 4 })), (file) => sound(JSON.stringify(file, null, 1))),
      { numRuns: 1000 },
    );
  });

  test('for any value below a chain', () => {
    const key = fc.constantFrom(
      'name',
      'id',
      'default',
      'upstreams',
      'health',
      'routing',
      'quorum',
      'url',
      'ws',
      'discover',
      'agree',
      'headers',
    );
    const inner = fc.dictionary(
      key,
      fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.array(fc.dictionary(key, fc.jsonValue({ maxDepth: 1 })))),
    );
    fc.assert(
      fc.property(fc.array(inner, { maxLength: 4 }), (chains) => sound(JSON.stringify({ chains }))),
      { numRuns: 300 },
    );
  });
});
