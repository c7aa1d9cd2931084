import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  );

/** Starts a devnet, says where its node is, and goes on as told. */
const program = (then: string): string => `
  import { startDevnet } from '${new URL('../../src/devnet/start-devnet.ts', import.meta.url).href}';
  const devnet = await startDevnet({ nodes: 1 });
  await devnet.mine();
  console.log(devnet.node('node-1').httpUrl);
  ${then}
`;

describe('nodes whose owner ends without closing them', () => {
  it.each([
    ['is killed outright', 'setInterval(() => {}, 1000)', 'SIGKILL'],
    ['gets SIGTERM', 'setInterval(() => {}, 1000)', 'SIGTERM'],
    ['throws what nobody catches', "setTimeout(() => { throw new Error('crash') }, 1)", undefined],
    ['exits', 'process.exit(0)', undefined],
  ] as const)('end with it when it %s', async (_, then, signal) => {
    const owner = spawn(process.execPath, ['--input-type=module', '-e', program(then)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exited = once(owner, 'exit');
    const [url] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string];
    if (signal !== undefined) expect(await answers(url)).toBe(true);
    if (signal !== undefined) owner.kill(signal);
    await exited;
    await expect.poll(() => answers(url)).toBe(false);
  });
});
