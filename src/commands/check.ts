import { renderFaults } from '../config/faults.ts';
import { type Loaded, loadConfigFile } from '../config/load.ts';
import type { ChainConfig, UpstreamConfig } from '../config/schema.ts';
import type { Sources } from '../config/substitute.ts';
import { cutText } from '../lib/cut-text.ts';
import { createHide } from '../telemetry/mask.ts';
import type { Introduction } from './identify-upstream.ts';
import type { Terminal } from './terminal.ts';
import { unserved } from './unserved.ts';

/** Characters of a node's words. */
const LONGEST = 400;

export interface CheckOptions {
  readonly file: string;
  /** Asks the nodes too. */
  readonly online: boolean;
}

export interface CheckDeps extends Sources, Terminal {
  /** Asks one node who it is. Never rejects. */
  readonly introduce: (upstream: UpstreamConfig) => Promise<Introduction>;
}

/**
 * `headgate check`: tells everything that is wrong with a file, and online whether its nodes are what it says. Resolves to
 * the exit code: 0 good, 1 bad configuration (a node of another chain too), 2 a node cannot be reached.
 */
export const check = async ({ file, online }: CheckOptions, deps: CheckDeps): Promise<0 | 1 | 2> => {
  const { stdout, stderr } = deps;
  const loaded: Loaded = loadConfigFile(file, deps);
  if (!loaded.ok) {
    stderr.write(`${renderFaults(loaded.faults)}\n`);
    return 1;
  }
  const { chains } = loaded.config;
  const upstreams = chains.reduce((sum, chain) => sum + chain.upstreams.length, 0);
  stdout.write(`${file}: good; ${plural(chains.length, 'chain')}, ${plural(upstreams, 'upstream')}\n`);
  for (const words of unserved(loaded.config)) stderr.write(`not in this version, so it will not start: ${words}\n`);
  if (!online) return 0;
  const verdicts = await Promise.all(chains.map((chain) => ask(chain, deps, loaded.secrets)));
  for (const { good, text } of verdicts.flat()) (good ? stdout : stderr).write(`${text}\n`);
  const codes = verdicts.flat().map(({ code }) => code);
  return codes.includes(1) ? 1 : codes.includes(2) ? 2 : 0;
};

interface Verdict {
  readonly code: 0 | 1 | 2;
  readonly good: boolean;
  readonly text: string;
}

const ask = async (
  chain: ChainConfig,
  { introduce }: CheckDeps,
  secrets: readonly string[],
): Promise<readonly Verdict[]> => {
  const answers = await Promise.all(
    chain.upstreams.map(async (upstream) => ({ name: upstream.name, node: await introduce(upstream) })),
  );
  const first = answers.find(({ node }) => 'chainId' in node);
  const said = first !== undefined && 'chainId' in first.node ? first.node.chainId : undefined;
  const id = chain.id ?? said;
  const expected: Expected = {
    id,
    by: chain.id === undefined ? (first?.name ?? '') : undefined,
    genesis: prevailing(
      answers.flatMap(({ node }) => ('chainId' in node && node.chainId === id ? [node.genesis] : [])),
    ),
  };
  return answers.map(({ name, node }) => {
    const verdict = judge(node, expected);
    return { ...verdict, text: `${chain.name}/${name}: ${printable(verdict.text, secrets)}` };
  });
};

interface Expected {
  readonly id: bigint | undefined;
  /** The upstream that said so; undefined where the file does. */
  readonly by: string | undefined;
  /** Undefined where no node tells one. */
  readonly genesis: string | undefined;
}

/** The genesis that most nodes tell; of two told by as many, the one told first. */
const prevailing = (told: readonly (string | undefined)[]): string | undefined => {
  const known = told.filter((genesis) => genesis !== undefined);
  const votes = (genesis: string): number => known.filter((other) => other === genesis).length;
  return known.toSorted((a, b) => votes(b) - votes(a))[0];
};

const judge = (node: Introduction, { id, by, genesis }: Expected): Verdict => {
  if ('unreachable' in node) return { code: 2, good: false, text: `cannot be reached: ${node.unreachable}` };
  if (node.chainId !== id) {
    const source = by === undefined ? 'the file says' : `${by} says`;
    return { code: 1, good: false, text: `is a node of chain ${node.chainId}, but ${source} ${id}` };
  }
  if (node.genesis !== undefined && node.genesis !== genesis) {
    const text = `is a node of another chain with id ${id}: its genesis is ${node.genesis}, but other nodes say ${genesis}`;
    return { code: 1, good: false, text };
  }
  return {
    code: 0,
    good: true,
    text: `chain ${node.chainId}, ${node.client || 'a client that does not say its name'}`,
  };
};

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/**
 * A node's words on one line of a terminal: no control characters, no end, and no key that it was asked with, which a node
 * may say back.
 */
export const printable = (text: string, secrets: readonly string[]): string =>
  cutText(createHide(secrets)(text).replace(/[^\x20-\x7e]/g, '?'), LONGEST);
