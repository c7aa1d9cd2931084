import { expect } from 'vitest';
import { type FakeNode, startFakeNode } from '../support/fake-node.ts';
import { rpc, startGateway, type TestGateway } from '../support/gateway.ts';
import type { ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { ScriptedNode } from '../support/scripted-node.ts';

/** What is special about a pool. */
export interface PoolOptions {
  /** Nodes; 3. */
  readonly nodes?: number;
  /** Gateways before them; 1. */
  readonly replicas?: number;
  /** More top-level config. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Nodes have a WebSocket; true. Without one their heads are polled. */
  readonly ws?: boolean;
  /** More config of the chain. */
  readonly chain?: Readonly<Record<string, unknown>>;
}

export const OPS_TOKEN = 'operator';

/** Scripted nodes of one chain, and gateways before them, on real sockets. */
export class CachePool implements AsyncDisposable {
  readonly chain: ScriptedChain;
  readonly nodes: readonly FakeNode[];
  readonly views: readonly ScriptedNode[];
  readonly gateways: readonly TestGateway[];
  head: ScriptedBlock;

  constructor(chain: ScriptedChain, head: ScriptedBlock, nodes: readonly FakeNode[], gateways: readonly TestGateway[]) {
    this.chain = chain;
    this.head = head;
    this.nodes = nodes;
    this.views = nodes.map((node) => new ScriptedNode(chain, head).attach(node));
    this.gateways = gateways;
  }

  static async start(chain: ScriptedChain, head: ScriptedBlock, options: PoolOptions = {}): Promise<CachePool> {
    const { nodes: size = 3, replicas = 1, config, chain: more, ws = true } = options;
    const nodes = await Promise.all(Array.from({ length: size }, () => startFakeNode({ ws })));
    const gateways: TestGateway[] = [];
    const pool = new CachePool(chain, head, nodes, gateways);
    const upstreams = nodes.map(({ url }, index) => ({ name: `n${index}`, url }));
    const served = {
      name: 'main',
      id: chain.chainId,
      blockTime: '1s',
      health: { interval: '200ms' },
      ...more,
      // On a busy machine every node is slow now and then: a second question beside the first would spoil the counts.
      routing: { hedge: { budget: 0 }, ...(more?.['routing'] as object | undefined) },
      upstreams,
    };
    for (let replica = 0; replica < replicas; replica += 1) {
      gateways.push(await startGateway({ ops: { token: OPS_TOKEN }, chains: [served], ...config }));
    }
    for (const gateway of gateways) await gateway.ready();
    await pool.reached(head);
    return pool;
  }

  get gateway(): TestGateway {
    const [first] = this.gateways;
    if (first === undefined) throw new Error('there is no gateway');
    return first;
  }

  /** What one gateway answers; throws for an error. */
  async ask(method: string, params: unknown = [], replica = 0, headers: Record<string, string> = {}) {
    const answer = await rpc(this.gateways[replica]?.url ?? '', method, params, headers);
    if (answer.json.error !== undefined) throw new Error(JSON.stringify(answer.json.error));
    return { result: answer.json.result, source: answer.headers.get('x-headgate-cache') };
  }

  /** How often nodes were asked a method, over all of them. */
  asked(...methods: readonly string[]): number {
    return methods.reduce((sum, method) => sum + this.nodes.reduce((of, node) => of + node.count(method), 0), 0);
  }

  /** Every node goes to this block; resolves when every gateway has published it. */
  async follow(head: ScriptedBlock): Promise<void> {
    this.head = head;
    for (const view of this.views) view.follow(head);
    await this.reached(head);
  }

  /** Mines on the head. */
  async mine(blocks = 1): Promise<ScriptedBlock> {
    await this.follow(this.chain.extend(this.head, blocks));
    return this.head;
  }

  /** Replaces the newest `depth` blocks by one more. */
  async reorganise(depth: number, salt: string): Promise<void> {
    const base = this.chain.at(this.head, this.head.number - depth) ?? this.chain.genesis;
    await this.follow(this.chain.extend(base, depth + 1, { salt }));
  }

  async reached(head: ScriptedBlock): Promise<void> {
    for (const { opsUrl } of this.gateways) {
      await expect.poll(() => headOf(opsUrl), { interval: 5 }).toBe(head.hash);
    }
  }

  /** Asks the ops listener of one gateway, as an operator. */
  async operate(path: string, replica = 0): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${OPS_TOKEN}` };
    const answer = await fetch(`${this.gateways[replica]?.opsUrl}${path}`, { method: 'POST', headers });
    return (await answer.json()) as Record<string, unknown>;
  }

  /** The value of a series on `/metrics`, 0 where it is not there. */
  async metric(series: string, replica = 0): Promise<number> {
    const text = await (await fetch(`${this.gateways[replica]?.opsUrl}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    return Number(line?.split(' ')[1] ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.gateways.map((gateway) => gateway.close()));
    await Promise.all(this.nodes.map((node) => node.close()));
  }
}

const headOf = async (opsUrl: string): Promise<string | undefined> => {
  const status = (await (await fetch(`${opsUrl}/status`)).json()) as { chains: { head: { hash: string } | null }[] };
  return status.chains[0]?.head?.hash;
};
