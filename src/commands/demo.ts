import { AnvilStartError } from '../devnet/anvil-process.ts';
import type { DevnetNode } from '../devnet/chain-node.ts';
import { startHeartbeat } from '../devnet/heartbeat.ts';
import { startDevnet } from '../devnet/start-devnet.ts';
import { tickerAddress, tickTopic } from '../devnet/ticker-contract.ts';
import { ListenError } from '../ingress/listen.ts';
import type { Clock } from '../lib/clock.ts';
import { type ClientView, startDemoClient } from './demo-client.ts';
import { demoKeys, keysHelp } from './demo-keys.ts';
import { ctrlC, givesKeys, type Keyboard, readKeys } from './keyboard.ts';

export interface DemoOptions {
  /** From one block to the next. */
  readonly blockTimeMs: number;
  /** From the end of one round of the client's calls to the next. */
  readonly clientEveryMs: number;
}

/** A gateway before the demo's nodes. */
export interface DemoGateway {
  readonly rpcUrl: string;
  readonly statusUrl: string;
  close(): Promise<void>;
}

export interface DemoDeps {
  readonly startGateway: (
    upstreams: readonly { readonly name: string; readonly url: string }[],
  ) => Promise<DemoGateway>;
  readonly keyboard: Keyboard;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Resolves with the name of the next signal that asks the process to end. */
  readonly nextSignal: () => Promise<string>;
  readonly clock: Clock;
}

/**
 * Three anvil nodes, a block every while with an event in it, the gateway before them, a client that goes on calling, and
 * keys that break nodes. Runs until `q`, Ctrl-C or a signal. The exit code: 0, or 1 where anvil is missing or broke,
 * or a port is in use.
 */
export const runDemo = async (options: DemoOptions, deps: DemoDeps): Promise<number> => {
  try {
    const problem = await demonstrate(options, deps);
    if (problem === undefined) return 0;
    deps.stderr.write(`headgate demo: ${messageOf(problem)}\n`);
  } catch (error) {
    if (!(error instanceof AnvilStartError) && !(error instanceof ListenError)) throw error;
    const hint = error instanceof ListenError ? `\n${otherPorts}` : '';
    deps.stderr.write(`headgate demo: ${error.message}${hint}\n`);
  }
  return 1;
};

const otherPorts =
  'The demo on other ports: headgate demo --port 8546 --ops-port 9546; in a checkout: npm start -- demo --port 8546 --ops-port 9546';

/** What the devnet broke of, or undefined where somebody ended the demo. */
const demonstrate = async ({ blockTimeMs, clientEveryMs }: DemoOptions, deps: DemoDeps): Promise<unknown> => {
  const { clock, keyboard } = deps;
  const say = (line: string): void => void deps.stdout.write(`${line}\n`);
  const ended = Promise.withResolvers<unknown>();
  const quit = (): void => ended.resolve(undefined);
  void deps.nextSignal().then(quit);
  await using open = new AsyncDisposableStack();

  say('Starting three anvil nodes and a gateway ...');
  const devnet = await startDevnet({ clock });
  open.defer(() => devnet.close());
  const heartbeat = await startHeartbeat(devnet, blockTimeMs, clock, ended.resolve);
  open.defer(() => heartbeat.close());
  const gateway = await deps.startGateway(devnet.nodes.map(({ name, httpUrl }) => ({ name, url: httpUrl })));
  open.defer(() => gateway.close());
  say(introduction(gateway));

  if (givesKeys(keyboard)) {
    say(keysHelp);
    const press = demoKeys(devnet);
    const keys = readKeys(keyboard, (key) => {
      if (key === 'q' || key === ctrlC) quit();
      else void press(key).then((line) => line !== undefined && say(`> ${line}`));
    });
    open.defer(() => keys.close());
  }
  const onBlock = (view: ClientView): void => say(blockLine(view, devnet.nodes));
  const client = startDemoClient(gateway.rpcUrl, clientEveryMs, clock, onBlock);
  open.defer(() => client.close());
  return await ended.promise;
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const introduction = ({ rpcUrl, statusUrl }: DemoGateway): string => {
  const logs = { address: tickerAddress, topics: [tickTopic], fromBlock: '0x0' };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getLogs', params: [logs] });
  return [
    '',
    `  RPC          ${rpcUrl}`,
    `  status page  ${statusUrl}`,
    `  contract     ${tickerAddress}, which emits Tick(uint256 indexed number) in every block`,
    '',
    `  curl -s ${rpcUrl} -H 'content-type: application/json' -d '${body}'`,
    '',
    'Below is what a client sees that calls through the gateway, a line for each new block.',
  ].join('\n');
};

const blockLine = (view: ClientView, nodes: readonly DevnetNode[]): string =>
  [
    `block ${view.block ?? '?'}`,
    `tick ${view.tick ?? '?'}`,
    `calls ${view.succeeded} ok, ${view.failed} failed`,
    nodes.map((node) => `${node.name}: ${stateOf(node)}`).join(', '),
  ].join(' | ');

const stateOf = ({ alive, frozen, course, head }: DevnetNode): string => {
  if (!alive) return 'dead';
  const words = [
    ...(frozen ? ['frozen'] : []),
    ...(course === 'following' ? [] : [course === 'forked' ? 'forked' : 'lagging']),
  ];
  return [...words, `at ${head.number}`].join(' ');
};
