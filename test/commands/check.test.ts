import { describe, expect, test } from 'vitest';
import { check } from '../../src/commands/check.ts';
import type { Introduction } from '../../src/commands/identify-upstream.ts';
import { file } from '../config/load-text.ts';
import { captured } from '../support/captured.ts';

const geth = { chainId: 1n, genesis: undefined, client: 'Geth/v1.13.5', ws: true };

const two = (id = ''): string => `chains:
  - name: mainnet${id}
    upstreams:
      - { name: a, url: http://a }
      - { name: b, url: http://b/0123456789abcdef0123456789abcdef }
`;

const run = async (text: string, nodes?: Readonly<Record<string, Introduction>>) => {
  const { stdout, stderr, out, err } = captured();
  const asked: string[] = [];
  const code = await check(
    { file: 'h.yaml', online: nodes !== undefined },
    {
      env: {},
      readFile: () => text,
      introduce: async ({ name }) => {
        asked.push(name);
        return nodes?.[name] ?? { unreachable: 'connection refused' };
      },
      stdout,
      stderr,
    },
  );
  return { code, out: out(), err: err(), asked };
};

describe('without --online', () => {
  test('a good file is code 0, and no node is asked', async () => {
    expect(await run(two())).toEqual({ code: 0, out: 'h.yaml: good; 1 chain, 2 upstreams\n', err: '', asked: [] });
  });

  test('a bad file is code 1, with every fault on its line', async () => {
    const { code, out, err } = await run(file({ top: 'sever: {}', upstream: 'tier: x' }));
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe(
      'h.yaml:1:1 sever: unknown key; did you mean server?\n' +
        'h.yaml:6:15 chains[0].upstreams[0].tier: expected a whole number from 0 to 100\n',
    );
  });
});

describe('with --online', () => {
  test('nodes of the right chain are code 0, a line each', async () => {
    const { code, out, err, asked } = await run(two('\n    id: 1'), { a: geth, b: { ...geth, client: '' } });
    expect({ code, err, asked }).toEqual({ code: 0, err: '', asked: ['a', 'b'] });
    expect(out).toBe(
      'h.yaml: good; 1 chain, 2 upstreams\n' +
        'mainnet/a: chain 1, Geth/v1.13.5\n' +
        'mainnet/b: chain 1, a client that does not say its name\n',
    );
  });

  test('a node of another chain than the file says is code 1', async () => {
    const { code, err } = await run(two('\n    id: 1'), { a: geth, b: { ...geth, chainId: 5n } });
    expect([code, err]).toEqual([1, 'mainnet/b: is a node of chain 5, but the file says 1\n']);
  });

  test('nodes of two chains under one name are code 1 where the file does not say which', async () => {
    const { code, err } = await run(two(), { a: geth, b: { ...geth, chainId: 5n } });
    expect([code, err]).toEqual([1, 'mainnet/b: is a node of chain 5, but a says 1\n']);
  });

  test('a node of another genesis than most is code 1, whichever comes first, and one that does not tell is good', async () => {
    const [ours, theirs] = [`0x${'aa'.repeat(32)}`, `0x${'bb'.repeat(32)}`];
    const text = `${two('\n    id: 1')}      - { name: c, url: http://c }\n      - { name: d, url: http://d }\n`;
    const { code, out, err } = await run(text, {
      a: { ...geth, genesis: theirs },
      b: { ...geth, genesis: ours },
      c: { ...geth, genesis: ours },
      d: geth,
    });
    expect(code).toBe(1);
    expect(err).toBe(
      `mainnet/a: is a node of another chain with id 1: its genesis is ${theirs}, but other nodes say ${ours}\n`,
    );
    for (const name of ['b', 'c', 'd']) expect(out).toContain(`mainnet/${name}: chain 1`);
  });

  test('of two nodes with two geneses one is told, and the genesis of a node of another chain does not count', async () => {
    const [ours, theirs] = [`0x${'aa'.repeat(32)}`, `0x${'bb'.repeat(32)}`];
    const differing = await run(two(), { a: { ...geth, genesis: ours }, b: { ...geth, genesis: theirs } });
    expect([differing.code, differing.err]).toEqual([1, expect.stringMatching(/^mainnet\/b: .*genesis.*\n$/)]);
    const { err } = await run(two('\n    id: 1'), {
      a: { ...geth, chainId: 5n, genesis: theirs },
      b: { ...geth, genesis: ours },
    });
    expect(err).toBe('mainnet/a: is a node of chain 5, but the file says 1\n');
  });

  test('a node that cannot be reached is code 2, and the others are told', async () => {
    const { code, out, err } = await run(two(), { b: geth });
    expect(code).toBe(2);
    expect(err).toBe('mainnet/a: cannot be reached: connection refused\n');
    expect(out).toContain('mainnet/b: chain 1');
  });

  test('a node of another chain counts more than one that cannot be reached', async () => {
    expect((await run(two('\n    id: 1'), { b: { ...geth, chainId: 5n } })).code).toBe(1);
  });

  test('a node that says back the key it is asked with, or escape codes, does not get them onto the terminal', async () => {
    const key = '0123456789abcdef0123456789abcdef';
    const { out, err } = await run(two(), {
      a: { ...geth, client: '\u001b[2Jgeth\n' },
      b: { unreachable: `no key ${key}\u001b]0;title\u0007` },
    });
    expect(out).toContain('mainnet/a: chain 1, ?[2Jgeth?\n');
    expect(err).toBe('mainnet/b: cannot be reached: no key ***?]0;title?\n');
  });
});
