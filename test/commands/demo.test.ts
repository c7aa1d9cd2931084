import { describe, expect, it } from 'vitest';
import { runDemo } from '../../src/commands/demo.ts';
import { ListenError } from '../../src/ingress/listen.ts';
import { systemClock } from '../../src/lib/clock.ts';

/** A terminal that nobody sits at. */
class FakeKeyboard {
  readonly isTTY: boolean;
  readonly modes: boolean[] = [];
  #listeners: ((text: string) => void)[] = [];

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  setRawMode(raw: boolean): void {
    this.modes.push(raw);
  }

  setEncoding(): void {}

  on(_: 'data', listener: (text: string) => void): void {
    this.#listeners.push(listener);
  }

  off(_: 'data', listener: (text: string) => void): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }

  resume(): void {}

  pause(): void {}

  type(text: string): void {
    for (const listener of this.#listeners) listener(text);
  }
}

/** The demo with its last node standing in for a gateway; `signal` ends it. */
const startDemo = (isTTY: boolean, refusal?: Error) => {
  const keyboard = new FakeKeyboard(isTTY);
  const signal = Promise.withResolvers<string>();
  const urls: string[] = [];
  let text = '';
  let gatewayClosed = false;
  const output = { write: (more: string) => (text += more) };
  const exitCode = runDemo(
    { blockTimeMs: 100, clientEveryMs: 20 },
    {
      startGateway: async (upstreams) => {
        urls.push(...upstreams.map(({ url }) => url));
        if (refusal !== undefined) throw refusal;
        return {
          rpcUrl: urls.at(-1) ?? '',
          statusUrl: 'http://127.0.0.1:1/',
          close: async () => {
            gatewayClosed = true;
          },
        };
      },
      keyboard,
      stdout: output,
      stderr: output,
      nextSignal: () => signal.promise,
      clock: systemClock,
    },
  );
  const see = (part: string | RegExp) => expect.poll(() => text, { timeout: 20_000 }).toMatch(part);
  const pressAndSee = async (key: string, part: string | RegExp) => {
    text = '';
    keyboard.type(key);
    await see(part);
  };
  return { keyboard, signal, urls, exitCode, see, pressAndSee, text: () => text, gatewayClosed: () => gatewayClosed };
};

const expectGone = async (urls: readonly string[]) => {
  for (const url of urls) await expect(fetch(url)).rejects.toThrow();
};

describe('the demo', () => {
  it('breaks and mends nodes at a key, while its client goes on', async () => {
    const demo = startDemo(true);
    await demo.see(/RPC +http[^]*status page[^]*contract +0x5fbd[^]*curl[^]*keys: 1 2 3/);
    await demo.see(/block \d+ \| tick [1-9]\d* \| calls \d+ ok, 0 failed/);
    await demo.pressAndSee('k', /> node-1 is dead[^]*, 0 failed \| node-1: dead, node-2: at \d+/);
    await demo.pressAndSee('f', /> not done: node-1 is not running/);
    await demo.pressAndSee('r', '> node-1 was started again');
    await demo.pressAndSee('2', '> node-2 is chosen');
    await demo.pressAndSee('f', /> node-2 is frozen[^]*node-2: frozen at/);
    await demo.pressAndSee('t', '> node-2 runs again');
    await demo.pressAndSee('l', /> node-2 gets no more blocks[^]*node-2: lagging at/);
    await demo.pressAndSee('c', '> node-2 got the blocks');
    await demo.pressAndSee('o', /> node-2 left the others[^]*node-2: forked at/);
    await demo.pressAndSee('j', '> node-2 is back');
    await demo.pressAndSee('R', '> the newest 2 blocks were replaced');
    await demo.pressAndSee('x1', '> node-1 is chosen');
    expect(demo.keyboard.modes).toEqual([true]);
    demo.keyboard.type('q');
    expect(await demo.exitCode).toBe(0);
    expect(demo.keyboard.modes).toEqual([true, false]);
    expect(demo.gatewayClosed()).toBe(true);
    await expectGone(demo.urls);
  });

  it('ends at Ctrl-C, which a terminal in raw mode gives as a key', async () => {
    const demo = startDemo(true);
    await demo.see('keys:');
    demo.keyboard.type('\u0003');
    expect(await demo.exitCode).toBe(0);
  });

  it('leaves stdin alone where it is no terminal, and ends at a signal', async () => {
    const demo = startDemo(false);
    await demo.see(/block \d+ \| tick \d+/);
    expect(demo.text()).not.toContain('keys:');
    demo.signal.resolve('SIGTERM');
    expect(await demo.exitCode).toBe(0);
    expect(demo.keyboard.modes).toEqual([]);
    await expectGone(demo.urls);
  });

  it('says how to have it on other ports where one is in use, and leaves no node behind', async () => {
    const demo = startDemo(false, new ListenError('EADDRINUSE', '127.0.0.1:8545 is in use', {}));
    expect(await demo.exitCode).toBe(1);
    expect(demo.text()).toMatch(/127\.0\.0\.1:8545 is in use[^]*npm start -- demo --port \d+ --ops-port \d+/);
    await expectGone(demo.urls);
  });
});
