/**
 * The node behind the proxies: answers as fast as Node can, so that little is measured besides the proxy. HTTP on a bare
 * socket, and WebSocket, on two ports that it prints. It reads only requests that have a content length, and trusts them.
 * Its chain stands still, so that a gateway that follows it has as little to do as with a quiet node.
 */
import { type AddressInfo, createServer } from 'node:net';
import { WebSocketServer } from 'ws';
import { FakeNodeChain } from '../../test/support/fake-node-chain.ts';

interface Question {
  readonly id?: unknown;
  readonly method: string;
  readonly params?: readonly unknown[];
}

const chain = new FakeNodeChain(100, 'bench');
const byHash = new Map(Array.from({ length: 101 }, (_, number) => [chain.hash(number), number]));
const balance = `0x${'1b'.repeat(32)}`;

const resultOf = ({ method, params = [] }: Question): unknown => {
  switch (method) {
    case 'eth_getBalance':
      return balance;
    case 'eth_chainId':
      return '0x7a69';
    case 'net_version':
      return '31337';
    case 'web3_clientVersion':
      return 'Geth/v1.16.0-bench';
    case 'net_peerCount':
      return '0x8';
    case 'eth_blockNumber':
      return '0x64';
    case 'eth_syncing':
      return false;
    case 'eth_getBlockByHash':
      return chain.block(byHash.get(String(params[0])) ?? -1);
    case 'eth_getBlockByNumber':
      return chain.block(chain.resolve(params[0]));
    default:
      return undefined;
  }
};

const answerTo = (question: Question): unknown => {
  const result = resultOf(question);
  const error = { code: -32601, message: `the method ${question.method} does not exist` };
  return { jsonrpc: '2.0', id: question.id ?? null, ...(result === undefined ? { error } : { result }) };
};

/** The measured call is answered without parsing it. */
const answer = (body: string): string => {
  if (body.startsWith('{') && body.includes('"eth_getBalance"')) {
    const id = /"id":\s*("[^"]*"|\d+)/.exec(body)?.[1] ?? 'null';
    return `{"jsonrpc":"2.0","id":${id},"result":"${balance}"}`;
  }
  const asked: Question | Question[] = JSON.parse(body);
  return JSON.stringify(Array.isArray(asked) ? asked.map(answerTo) : answerTo(asked));
};

const http = createServer((socket) => {
  let rest = '';
  socket.setNoDelay(true);
  socket.setEncoding('latin1');
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    let text = rest + chunk;
    let answers = '';
    for (;;) {
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) break;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
      if (text.length < end + 4 + length) break;
      // A question without a body is an attempt to upgrade; the WebSocket has a port of its own.
      const body = length === 0 ? '{}' : answer(text.slice(end + 4, end + 4 + length));
      const status = length === 0 ? '400 Bad Request' : '200 OK';
      answers += `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
      text = text.slice(end + 4 + length);
    }
    rest = text;
    if (answers !== '') socket.write(answers, 'latin1');
  });
});

const ws = new WebSocketServer({ host: '127.0.0.1', port: 0 });
ws.on('connection', (socket) => {
  socket.on('error', () => socket.terminate());
  socket.on('message', (data: Buffer) => socket.send(answer(data.toString('latin1'))));
});

await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
if (ws.address() === null) await new Promise((resolve) => ws.once('listening', resolve));
console.log((http.address() as AddressInfo).port, (ws.address() as AddressInfo).port);
