import { startGateway } from '../../test/support/gateway.ts';
import { Balancer } from './balancer.ts';
import type { Addresses } from './reader.ts';
import type { World } from './world.ts';

/** How clients get to the nodes: through a gateway, straight to the first node, or through a plain TCP balancer. */
export const vias = ['gateway', 'node', 'balancer'] as const;
export type Via = (typeof vias)[number];

/** An open way to the nodes. */
export interface Way extends Addresses {
  close(): Promise<void>;
}

const at = (port: number): Addresses => ({ url: `http://127.0.0.1:${port}`, wsUrl: `ws://127.0.0.1:${port}` });

/** `blockMs`: what the gateway is told of the time between two blocks. */
export const openWay = async (via: Via, { chain, members }: World, blockMs: number): Promise<Way> => {
  switch (via) {
    case 'gateway': {
      const upstreams = members.map(({ node }, index) => ({ name: `n${index}`, url: node.url }));
      const own = { id: chain.chainId, blockTime: `${blockMs}ms`, health: { interval: '200ms' }, upstreams };
      const gateway = await startGateway({ log: { level: 'error' }, chains: [own] });
      await gateway.ready();
      return gateway;
    }
    case 'node':
      return { ...at(members[0]?.node.port ?? 0), close: async () => {} };
    case 'balancer': {
      const balancer = await Balancer.start(members.map(({ node }) => node.port));
      return { ...at(balancer.port), close: () => balancer.close() };
    }
    default:
      return via satisfies never;
  }
};
