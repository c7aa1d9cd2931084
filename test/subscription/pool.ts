import { expect } from 'vitest';
import { type FakeNode, type FakeNodeOptions, startFakeNode } from '../support/fake-node.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import type { ScriptedBlock, ScriptedChain } from '../support/scripted-chain.ts';
import { ScriptedNode } from '../support/scripted-node.ts';
import { WsClient } from '../support/ws-client.ts';

/** A node of the pool: its sockets and its view of the chain. */
export interface Member {
  readonly node: FakeNode;
  readonly view: ScriptedNode;
}

/** Waits, long enough for a busy machine, until what `read` gives is as expected. */
export const eventually = <Value>(read: () => Value | Promise<Value>) =>
  expect.poll(read, { timeout: 20_000, interval: 5 });

/** Waits until the gateway has asked a node so many times for events of a kind. */
export const listened = (node: FakeNode, kind: string, times = 1): Promise<void> =>
  eventually(
    () => node.requests.filter(({ method, params }) => method === 'eth_subscribe' && params[0] === kind).length,
  ).toBeGreaterThanOrEqual(times);

/** What a subscriber was told, in short: `+5` logs of block 5 added, `-5` removed, `h5` the head. */
export class Reader {
  readonly client: WsClient;
  readonly id: string;

  constructor(client: WsClient, id: string) {
    this.client = client;
    this.id = id;
  }

  /** The results of all notifications so far. */
  get events(): readonly Record<string, unknown>[] {
    return this.client.messages
      .map((text) => JSON.parse(text))
      .filter(({ params }) => params?.subscription === this.id)
      .map(({ params }) => params.result);
  }

  /** Waits until as many events have come, and gives them. */
  async got(count: number): Promise<readonly Record<string, unknown>[]> {
    await eventually(() => this.events.length).toBeGreaterThanOrEqual(count);
    return this.events;
  }
}

interface PoolOptions {
  readonly chainOptions?: object;
  readonly nodeOptions?: FakeNodeOptions;
  /** Of `server.limits`. */
  readonly limits?: object;
  /** Where the gateway finds a node; default its own address. */
  readonly reach?: (node: FakeNode) => Promise<string>;
}

/** A gateway before scripted nodes, on real sockets. */
export class EventPool implements AsyncDisposable {
  readonly members: readonly Member[];
  readonly gateway: TestGateway;
  readonly #clients: WsClient[] = [];

  constructor(members: readonly Member[], gateway: TestGateway) {
    this.members = members;
    this.gateway = gateway;
  }

  /** One node for each head. */
  static async start(
    chain: ScriptedChain,
    heads: readonly ScriptedBlock[],
    { chainOptions = {}, nodeOptions = {}, limits = {}, reach = async ({ url }) => url }: PoolOptions = {},
  ): Promise<EventPool> {
    const members: Member[] = [];
    for (const head of heads) {
      const node = await startFakeNode(nodeOptions);
      members.push({ node, view: new ScriptedNode(chain, head).attach(node) });
    }
    const upstreams: { name: string; url: string }[] = [];
    for (const [index, { node }] of members.entries()) upstreams.push({ name: `n${index}`, url: await reach(node) });
    const common = { name: 'main', id: chain.chainId, blockTime: '500ms', health: { interval: '200ms' } };
    // On a busy machine every node is slow now and then: a second question beside the first would spoil the counts.
    const routing = { hedge: { budget: 0 }, ...(chainOptions as { readonly routing?: object }).routing };
    const gateway = await startGateway({
      server: { limits },
      chains: [{ ...common, ...chainOptions, routing, upstreams }],
    });
    await gateway.ready();
    return new EventPool(members, gateway);
  }

  member(index: number): Member {
    const member = this.members[index];
    if (member === undefined) throw new Error(`there is no node ${index}`);
    return member;
  }

  async client(query = ''): Promise<WsClient> {
    const client = await WsClient.open(`${this.gateway.wsUrl}/${query}`);
    this.#clients.push(client);
    return client;
  }

  /** Subscribes on a connection of its own, or on the given one. */
  async subscribe(params: readonly unknown[], client?: WsClient): Promise<Reader> {
    const on = client ?? (await this.client());
    const { result, error } = await on.call('eth_subscribe', params);
    if (error !== undefined) throw new Error(JSON.stringify(error));
    return new Reader(on, result);
  }

  /** Every node goes to this block, announcing each on the way. */
  follow(head: ScriptedBlock): void {
    for (const { view } of this.members) view.follow(head);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.gateway.close();
    await Promise.all(this.members.map(({ node }) => node.close()));
  }
}

/** `+5` and `-5` for logs, `h5` for heads. */
export const short = (events: readonly Record<string, unknown>[]): string[] =>
  events.map((event) => {
    if (event['logIndex'] === undefined) return `h${Number(event['number'])}`;
    return `${event['removed'] ? '-' : '+'}${Number(event['blockNumber'])}`;
  });
