import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { delay, startFakeNode } from '../support/fake-node.ts';
import { rpc, startGateway } from '../support/gateway.ts';
import { WsClient } from '../support/ws-client.ts';

const call = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';

/** One call on a kept connection; the `connection` header of its answer. */
const keptAlive = (url: string, agent: Agent): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.headers.connection));
    });
    request.on('error', reject);
    request.end(call);
  });

describe('a gateway that is about to end', () => {
  it('says with every answer that it is the last one of its connection', async () => {
    await using node = await startFakeNode();
    await using gateway = await startGateway({ chains: [{ upstreams: [{ url: node.url }] }] });
    await gateway.ready();
    const agent = new Agent({ keepAlive: true });
    expect(await keptAlive(gateway.url, agent)).toBe('keep-alive');
    gateway.app.drain();
    expect(await keptAlive(gateway.url, agent)).toBe('close');
    agent.destroy();
  });

  it('does not wait for connections that were never used', async () => {
    await using node = await startFakeNode();
    await using gateway = await startGateway({ chains: [{ upstreams: [{ url: node.url }] }] });
    await gateway.ready();
    const idle = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    idle.on('error', () => {});
    await once(idle, 'connect');
    expect(await gateway.app.finish(60_000)).toBe(true);
  });

  it('does not wait for unused connections to the ops listener either', async () => {
    await using node = await startFakeNode();
    await using gateway = await startGateway({ chains: [{ upstreams: [{ url: node.url }] }] });
    const idle = connect(Number(new URL(gateway.opsUrl).port), '127.0.0.1');
    idle.on('error', () => {});
    await once(idle, 'connect');
    expect(await gateway.app.finish(60_000)).toBe(true);
  });

  it('does not wait for connections that got no further than the TLS handshake', async () => {
    await using node = await startFakeNode();
    const file = (name: string): string => new URL(`../support/tls/${name}`, import.meta.url).pathname;
    await using gateway = await startGateway({
      server: { tls: { cert: file('test-node.crt'), key: file('test-node.key') } },
      chains: [{ upstreams: [{ url: node.url }] }],
    });
    const port = Number(new URL(gateway.url).port);
    const shaken = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    shaken.on('error', () => {});
    await once(shaken, 'secureConnect');
    const silent = connect(port, '127.0.0.1');
    silent.on('error', () => {});
    await once(silent, 'connect');
    expect(await gateway.app.finish(60_000)).toBe(true);
  });

  it('answers the calls under way on a WebSocket before it hands the client over', async () => {
    await using node = await startFakeNode();
    await using gateway = await startGateway({ chains: [{ upstreams: [{ url: node.url }] }] });
    await gateway.ready();
    node.on('eth_call', () => delay(300, '0x2a'));
    const client = await WsClient.open(gateway.wsUrl);
    const answer = client.call('eth_call', [{}, 'latest']);
    await expect.poll(() => node.requests.some(({ method }) => method === 'eth_call')).toBe(true);
    const finished = gateway.app.finish(60_000);
    expect((await answer).result).toBe('0x2a');
    expect(await client.closed()).toBe(1012);
    expect(await finished).toBe(true);
  });
});

describe('bytes that are no request', () => {
  it('are answered with a JSON-RPC error, and late ones in time', async () => {
    await using node = await startFakeNode();
    await using gateway = await startGateway({
      server: { limits: { headerTimeout: '300ms', requestTimeout: '300ms' } },
      chains: [{ upstreams: [{ url: node.url }] }],
    });
    await gateway.ready();
    const port = Number(new URL(gateway.url).port);
    for (const [bytes, status] of [
      ['nonsense\r\n\r\n', '400'],
      [`POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{`, '408'],
    ] as const) {
      const socket = connect(port, '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.write(bytes);
      await once(socket, 'close');
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(text).toContain('"code":-32600');
      expect(text).toContain('access-control-allow-origin: *');
    }
  });

  it.each(['garbage', 'application/xml', 'multipart/form-data'])(
    'are not what content type %s makes of JSON',
    async (type) => {
      await using node = await startFakeNode();
      await using gateway = await startGateway({ chains: [{ upstreams: [{ url: node.url }] }] });
      await gateway.ready();
      expect((await rpc(gateway.url, 'eth_chainId', [], { 'content-type': type })).json.result).toBe('0x539');
    },
  );
});
