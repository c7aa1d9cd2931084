import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { knownKeys } from '../../src/config/known-keys.ts';
import { schemaText } from '../../src/config/write-schema.ts';
import { configOf } from './load-text.ts';

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

const example = read('config.example.yaml');

/** The example with everything that is commented out put in; what is a comment on a key stays one. */
const whole = example.replace(/^( *)#(?! \S|$)(?=\S| {2})/gm, '$1');

interface Documented {
  readonly pattern: string;
  readonly comment: string;
}

/** The keys of a YAML text in block style, each with the comment above it. */
const documentedKeys = (text: string): readonly Documented[] => {
  const found: Documented[] = [];
  const open: { readonly column: number; readonly pattern: string }[] = [];
  const lists = new Set<string>();
  let comment: string[] = [];
  for (const line of text.split('\n')) {
    const note = /^ *# (.*)$/.exec(line)?.[1];
    const [, spaces = '', dash = '', key] = /^( *)(- )?(\w+):(?: |$)/.exec(line) ?? [];
    if (key !== undefined) {
      const column = spaces.length + dash.length;
      while (open.length > 0 && (open.at(-1)?.column ?? 0) >= column) open.pop();
      const parent = open.at(-1)?.pattern ?? '';
      if (dash !== '') lists.add(parent);
      const pattern = parent === '' ? key : `${parent}${lists.has(parent) ? '[]' : ''}.${key}`;
      found.push({ pattern, comment: comment.join(' ') });
      open.push({ column, pattern });
    }
    comment = note === undefined ? [] : [...comment, note];
  }
  return found;
};

describe('config.example.yaml', () => {
  test('begins with the line by which editors find the schema', () => {
    expect(example.split('\n')[0]).toBe('# yaml-language-server: $schema=./config.schema.json');
  });

  test('loads as it stands, with nothing from outside', () => {
    expect(configOf(example).chains[0]?.upstreams.map(({ name }) => name)).toEqual(['geth-1']);
  });

  test('holds the defaults, but for names, addresses and what has none', () => {
    const plain = configOf('chains: [{ name: mainnet, upstreams: [{ name: geth-1, url: http://10.0.0.1:8545 }] }]');
    expect(configOf(example)).toStrictEqual(plain);
  });

  test('loads with all that is commented out, too', () => {
    const files = { '/tls/tls.crt': 'PEM', '/tls/tls.key': 'PEM' };
    const config = configOf(whole, { env: { GETH_TOKEN: 'abc' }, files });
    expect(config.server.tls).toBeDefined();
    expect(config.redis).toBeDefined();
    expect(config.keys).toHaveLength(1);
    expect(config.chains[0]?.quorum).toHaveLength(1);
    expect(config.chains[0]?.upstreams.map(({ name }) => name)).toEqual(['geth-1', 'parity-1', 'pool']);
  });

  test('has every key of the schema, with its documentation above it', () => {
    const documented = new Map<string, string>();
    for (const { pattern, comment } of documentedKeys(whole)) {
      if (!documented.has(pattern) || documented.get(pattern) === '') documented.set(pattern, comment);
    }
    const missing = knownKeys().filter(({ pattern }) => !documented.has(pattern));
    expect(missing.map(({ pattern }) => pattern)).toEqual([]);
    for (const { pattern, description } of knownKeys()) {
      expect(`${pattern}: ${documented.get(pattern)}`).toBe(`${pattern}: ${description}`);
    }
  });
});

describe('config.schema.json', () => {
  test('is what the schema writes (npm run schema)', () => {
    expect(read('config.schema.json')).toBe(schemaText());
  });

  test('documents every key', () => {
    expect(knownKeys().filter(({ description }) => description.length < 10)).toEqual([]);
  });

  test('allows no other key at any level', () => {
    const levels = JSON.stringify(JSON.parse(schemaText())).match(/"properties":\{/g)?.length;
    const closed = schemaText().match(/"additionalProperties": false/g)?.length;
    expect(closed).toBe(levels);
  });
});
