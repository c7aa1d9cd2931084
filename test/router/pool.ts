import { privateKeyToAccount } from 'viem/accounts';
import { type FakeNode, type FakeNodeOptions, startFakeNode } from '../support/fake-node.ts';
import { type HttpAnswer, rpc, startGateway, type TestGateway } from '../support/gateway.ts';

export interface Pool extends AsyncDisposable {
  readonly nodes: readonly FakeNode[];
  readonly gateway: TestGateway;
  call(method: string, params?: unknown, headers?: Record<string, string>): Promise<HttpAnswer>;
}

/** What is special about one node of a pool: its config beside `name` and `url`, and what it is started with. */
export interface Member {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly node?: FakeNodeOptions;
}

/**
 * A gateway before as many fake nodes as there are members, named `a`, `b`, `c` …; ready, and every node healthy. It makes
 * no second attempt beside a slow one unless it is told to: on a busy machine every node is slow now and then.
 */
export const startPool = async (
  members: readonly Member[],
  chain: Readonly<Record<string, unknown>> = {},
  config: Readonly<Record<string, unknown>> = {},
): Promise<Pool> => {
  const nodes = await Promise.all(members.map(({ node }) => startFakeNode(node)));
  const upstreams = nodes.map(({ url }, index) => ({
    name: String.fromCodePoint(97 + index),
    url,
    calls: 'http',
    ...members[index]?.config,
  }));
  const routing = { hedge: { budget: 0 }, ...(chain['routing'] as object | undefined) };
  const gateway = await startGateway({ ...config, chains: [{ name: 'mainnet', upstreams, ...chain, routing }] });
  await gateway.ready();
  await until(async () => (await statesOf(gateway)).every((state) => state === 'healthy'));
  return {
    nodes,
    gateway,
    // What is kept or shared is tested elsewhere; here, every call shall reach the router.
    call: (method, params, headers) => rpc(gateway.url, method, params, { 'x-headgate-cache': 'bypass', ...headers }),
    [Symbol.asyncDispose]: async () => {
      await gateway.close();
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
};

/** The state of each node, in order. */
export const statesOf = async ({ opsUrl }: TestGateway): Promise<string[]> => {
  const { chains } = (await (await fetch(`${opsUrl}/status`)).json()) as {
    chains: { upstreams: { state: string }[] }[];
  };
  return chains.flatMap(({ upstreams }) => upstreams.map(({ state }) => state));
};

/** Waits for a condition. The limit is for hopeless cases only. */
export const until = async (holds: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> => {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it never came true: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** How often each node was asked a method. */
export const counts = ({ nodes }: Pool, method: string): number[] => nodes.map((node) => node.count(method));

/** The value of the first line of `/metrics` that begins so; 0 where there is none. */
export const metric = async ({ gateway }: Pool, line: string): Promise<number> => {
  const text = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
  const found = text.split('\n').find((one) => one.startsWith(line));
  return Number(found?.split(' ').at(-1) ?? 0);
};

const account = privateKeyToAccount('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');

/** Lower case. */
export const sender = account.address.toLowerCase();

/** A signed transaction of the sender. */
export const signed = (nonce: number, value = 1n): Promise<`0x${string}`> =>
  account.signTransaction({
    chainId: 1337,
    type: 'eip1559',
    nonce,
    value,
    to: '0x000000000000000000000000000000000000dead',
    gas: 21_000n,
    maxFeePerGas: 2_000_000_000n,
    maxPriorityFeePerGas: 1n,
  });
