import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Introduction } from '../../src/commands/identify-upstream.ts';
import { init } from '../../src/commands/init.ts';
import { configOf } from '../config/load-text.ts';
import { captured } from '../support/captured.ts';

let folder = '';
let file = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-init-'));
  file = join(folder, 'headgate.yaml');
});

afterEach(() => rmSync(folder, { recursive: true }));

const geth = { chainId: 1n, genesis: undefined, client: 'Geth/v1.13.5', ws: true };

const run = async (nodes: Readonly<Record<string, Introduction>>) => {
  const { stdout, stderr, out, err } = captured();
  const introduce = async ({ url }: { readonly url?: string | undefined }): Promise<Introduction> =>
    nodes[url ?? ''] ?? { unreachable: 'no such node' };
  const code = await init({ urls: Object.keys(nodes), file }, { env: {}, introduce, stdout, stderr });
  return { code, out: out(), err: err() };
};

describe('headgate init', () => {
  test('writes a file of what the nodes say, which loads, and says how to go on', async () => {
    const { code, out, err } = await run({
      'http://10.0.0.1:8545': geth,
      'ipc:///data/geth.ipc': { ...geth, ws: false },
    });
    expect(code).toBe(0);
    expect(out).toBe(`Wrote ${file}. Check it: headgate check -c ${file} --online. Run it: headgate -c ${file}\n`);
    expect(err).toBe(
      '10.0.0.1-8545: chain 1, Geth/v1.13.5, with WebSocket\ngeth: chain 1, Geth/v1.13.5, no WebSocket found\n',
    );
    expect(readFileSync(file, 'utf8')).toBe(`# yaml-language-server: $schema=./config.schema.json
# What is not here has its default; config.example.yaml shows every key with its meaning.
# Secrets stay out of the file as "\${NAME}" (environment) or file:/run/secrets/name.

chains:
  - name: mainnet
    id: 1 # a node of another chain is never used
    upstreams:
      # chain 1, Geth/v1.13.5, with WebSocket
      - name: 10.0.0.1-8545
        url: "http://10.0.0.1:8545"
      # chain 1, Geth/v1.13.5, no WebSocket found
      - name: geth
        url: "ipc:///data/geth.ipc"
`);
    expect(configOf(readFileSync(file, 'utf8')).chains).toMatchObject([
      { name: 'mainnet', id: 1n, upstreams: [{ url: 'http://10.0.0.1:8545' }, { url: 'ipc:///data/geth.ipc' }] },
    ]);
  });

  test('can be read by its owner only, since URLs may hold keys', async () => {
    await run({ 'http://a': geth });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('makes a chain for each chain id, the first of which is the default', async () => {
    const big = 2n ** 70n;
    await run({ 'http://a': { ...geth, chainId: big }, 'http://b': geth, 'http://c': { unreachable: 'timed out' } });
    expect(configOf(readFileSync(file, 'utf8')).chains).toMatchObject([
      { name: `chain-${big}`, id: big, default: true, upstreams: [{ url: 'http://a' }, { url: 'http://c' }] },
      { name: 'mainnet', id: 1n, default: false, upstreams: [{ url: 'http://b' }] },
    ]);
    expect(readFileSync(file, 'utf8')).toContain('      # did not answer: timed out\n      - name: c\n');
  });

  test('keeps a URL as it is, whatever characters it holds, and lets no node write YAML', async () => {
    const url = 'http://u:p$$w${X}"\'@a/#'.replace('#', '');
    await run({ [url]: { ...geth, client: 'x\nserver: { port: 1 }' } });
    const config = configOf(readFileSync(file, 'utf8'));
    expect(config.chains[0]?.upstreams[0]?.url).toBe(url);
    expect(config.server.port).toBe(8545);
  });

  test('leaves a file alone that is there already', async () => {
    writeFileSync(file, 'mine');
    const { code, err } = await run({ 'http://a': geth });
    expect(code).toBe(1);
    expect(err).toContain(`${file} is there already; move it away first\n`);
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('writes nothing where no node answers', async () => {
    const { code, err } = await run({ 'http://a': { unreachable: 'refused' } });
    expect(code).toBe(2);
    expect(err).toBe('a: did not answer: refused\nNo node answered, so nothing was written.\n');
    expect(() => statSync(file)).toThrow('ENOENT');
  });

  test('refuses a word that is no URL before it asks anybody', async () => {
    const { code, err } = await run({ 'localhost:8545': geth });
    expect(code).toBe(1);
    expect(err).toMatch(/^command line:1:1 URL 1: .*did you mean http:\/\/localhost:8545\?\n$/);
  });

  test('says why it cannot write', async () => {
    file = join(folder, 'none', 'headgate.yaml');
    const { code, err } = await run({ 'http://a': geth });
    expect(code).toBe(1);
    expect(err).toContain(`cannot write ${file}: there is no such file or folder\n`);
  });
});
