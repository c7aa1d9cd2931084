import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import { localReply } from '../../src/core/reply.ts';
import { methodSpec } from '../../src/ethereum/methods.ts';
import { access, type AccessOptions } from '../../src/policy/access.ts';

const verdict = async (options: Partial<AccessOptions>, method: string): Promise<string> => {
  const layer = access({ unknown: 'forward', allow: [], deny: [], ...options });
  const handle = layer(async () => localReply(Buffer.from('true')));
  const reply = await handle({ method, spec: methodSpec(method) } as Call);
  return reply.ok ? 'served' : String(reply.reason);
};

describe('access', () => {
  it('refuses what matches a denied pattern, and nothing that only resembles it', async () => {
    const options = { deny: ['admin_*', 'parity_*Account*', 'eth_sign*'] };
    expect(await verdict(options, 'admin_peers')).toBe('method_denied');
    expect(await verdict(options, 'parity_newAccountFromPhrase')).toBe('method_denied');
    expect(await verdict(options, 'eth_signTransaction')).toBe('method_denied');
    expect(await verdict(options, 'eth_call')).toBe('served');
    expect(await verdict(options, 'xadmin_peers')).toBe('served');
  });

  it('lets an allowed pattern beat a denied one', async () => {
    const options = { deny: ['debug_*'], allow: ['debug_traceTransaction'] };
    expect(await verdict(options, 'debug_traceTransaction')).toBe('served');
    expect(await verdict(options, 'debug_setHead')).toBe('method_denied');
  });

  it('lets allow and deny beat what is said of unknown methods', async () => {
    expect(await verdict({ unknown: 'deny' }, 'eth_fooBar')).toBe('method_unknown');
    expect(await verdict({ unknown: 'deny' }, 'eth_call')).toBe('served');
    expect(await verdict({ unknown: 'deny', allow: ['eth_foo*'] }, 'eth_fooBar')).toBe('served');
    expect(await verdict({ unknown: 'forward', deny: ['eth_foo*'] }, 'eth_fooBar')).toBe('method_denied');
  });

  it('does not take a dot or a bracket in a pattern for anything but itself', async () => {
    expect(await verdict({ deny: ['a.c', '[x]'] }, 'abc')).toBe('served');
    expect(await verdict({ deny: ['a.c', '[x]'] }, '[x]')).toBe('method_denied');
  });

  it('is not fooled by a line break in a method', async () => {
    expect(await verdict({ deny: ['admin_*'] }, 'admin_\npeers')).toBe('method_denied');
  });
});
