import type { Devnet } from '../devnet/devnet.ts';

/** A key that does something to the chosen node, or to all. `done` says what was done, and what to look at. */
interface Deed {
  readonly help: string;
  readonly act: (devnet: Devnet, node: string) => Promise<void>;
  readonly done: (node: string) => string;
}

const forkDepth = 2;

const deeds: Readonly<Record<string, Deed>> = {
  k: {
    help: 'kill',
    act: (devnet, node) => devnet.kill(node),
    done: (node) => `${node} is dead (SIGKILL): the client's calls go on; the status page shows it down`,
  },
  r: {
    help: 'restart',
    act: (devnet, node) => devnet.restart(node),
    done: (node) => `${node} was started again and got the whole chain: watch it become healthy`,
  },
  f: {
    help: 'freeze',
    act: (devnet, node) => devnet.freeze(node),
    done: (node) => `${node} is frozen (SIGSTOP): it takes calls and answers none; watch the gateway go round it`,
  },
  t: {
    help: 'thaw',
    act: (devnet, node) => devnet.thaw(node),
    done: (node) => `${node} runs again and caught up: watch it become healthy`,
  },
  l: {
    help: 'lag',
    act: (devnet, node) => devnet.withhold(node),
    done: (node) => `${node} gets no more blocks: watch its lag grow, and the client's block number go on`,
  },
  c: {
    help: 'catch up',
    act: (devnet, node) => devnet.release(node),
    done: (node) => `${node} got the blocks that it lacked: its lag is gone`,
  },
  o: {
    help: 'fork',
    act: (devnet, node) => devnet.fork(node, forkDepth),
    done: (node) => `${node} left the others ${forkDepth} blocks back, and is ahead: nobody is shown its blocks`,
  },
  j: {
    help: 'rejoin',
    act: (devnet, node) => devnet.rejoin(node),
    done: (node) => `${node} is back on the others' branch`,
  },
  R: {
    help: 'reorganise all',
    act: (devnet) => devnet.reorg(forkDepth),
    done: () => `the newest ${forkDepth} blocks were replaced on every node that follows: a real reorganisation`,
  },
};

/** One line that names all keys. */
export const keysHelp = `keys: 1 2 3 choose a node; ${Object.entries(deeds)
  .map(([key, { help }]) => `${key} ${help}`)
  .join(', ')}; q quit`;

/**
 * What the keys of the demo do. The function takes one key and returns the line to print, or undefined for a key that
 * means nothing.
 */
export const demoKeys = (devnet: Devnet): ((key: string) => Promise<string | undefined>) => {
  let chosen = devnet.nodes[0]?.name ?? '';
  return async (key) => {
    const node = /^[1-9]$/.test(key) ? devnet.nodes[Number(key) - 1] : undefined;
    if (node !== undefined) {
      chosen = node.name;
      return `${chosen} is chosen: what the keys do next, they do to it`;
    }
    const deed = Object.hasOwn(deeds, key) ? deeds[key] : undefined;
    if (deed === undefined) return undefined;
    const target = chosen;
    try {
      await deed.act(devnet, target);
      return deed.done(target);
    } catch (error) {
      return `not done: ${error instanceof Error ? error.message : String(error)}`;
    }
  };
};
