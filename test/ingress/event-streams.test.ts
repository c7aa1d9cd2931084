import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Observer } from '../../src/core/observer.ts';
import { localReply, type Reply } from '../../src/core/reply.ts';
import { trusts } from '../../src/ingress/client-address.ts';
import { EventStreams } from '../../src/ingress/sse.ts';
import { systemClock } from '../../src/lib/clock.ts';

it('a stream whose opening waits while the listener ends is opened and ended, so that its reader comes back', async () => {
  const asked = Promise.withResolvers<void>();
  const opening = Promise.withResolvers<Reply>();
  const endpoint: Endpoint = {
    name: 'mainnet',
    chainId: () => 1n,
    handle: () => {
      asked.resolve();
      return opening.promise;
    },
    head: () => undefined,
    timeoutMs: 60_000,
  };
  const observer = { callEnded: () => {} } as unknown as Observer;
  const options = { trusts: trusts([]), debug: false, newId: () => 'an id' };
  const streams = new EventStreams(options, { clock: systemClock, observer, hide: (text) => text });
  const server = createServer((request, response) => void streams.open(request, response, endpoint, {})).listen(0);
  await once(server, 'listening');
  const answer = fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events?fromBlock=7`);
  await asked.promise;
  streams.close();
  opening.resolve(localReply(Buffer.from('"0x1"')));
  expect(await (await answer).text()).toBe('');
  expect(streams.size).toBe(0);
  server.close();
});
