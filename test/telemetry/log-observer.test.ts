import { expect, test } from 'vitest';
import { refuse } from '../../src/core/reply.ts';
import { createLogObserver } from '../../src/telemetry/log-observer.ts';
import { createLogger, type LogLevel } from '../../src/telemetry/logger.ts';
import { combine } from '../../src/telemetry/observers.ts';
import { aCall, answered, aReply, failed } from './events.ts';

const observing = (level: LogLevel = 'info') => {
  const lines: string[] = [];
  const { log } = createLogger({ level, format: 'json' }, [], { write: (line) => lines.push(line) });
  const read = () => lines.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>);
  return { observer: createLogObserver(log), read };
};

test('tells a change of state in one line of words', () => {
  const { observer, read } = observing();
  observer.stateChanged('mainnet', 'geth-2', 'healthy', 'lagging', '7 blocks behind the published head');
  observer.stateChanged('mainnet', 'geth-2', 'lagging', 'healthy', 'at the published head');
  expect(read()).toMatchObject([
    {
      level: 'warn',
      msg: 'geth-2 is lagging: 7 blocks behind the published head',
      chain: 'mainnet',
      upstream: 'geth-2',
      from: 'healthy',
      to: 'lagging',
    },
    { level: 'info', msg: 'geth-2 is healthy: at the published head' },
  ]);
});

test('says of a node of another chain that it is on the wrong one', () => {
  const { observer, read } = observing();
  observer.stateChanged('mainnet', 'geth-2', 'unknown', 'wrong_chain', 'it serves chain 5');
  expect(read()).toMatchObject([{ msg: 'geth-2 is on the wrong chain: it serves chain 5' }]);
});

test('tells reorganisations and lowered heads, and a plain step only at debug', () => {
  const { observer, read } = observing();
  observer.headMoved('mainnet', 9, '0xaa', 0, 5);
  observer.headMoved('mainnet', 10, '0xab', 1, 5);
  observer.headMoved('mainnet', 11, '0xac', 3, 5);
  observer.headRewound('mainnet', 11, 8);
  expect(read()).toMatchObject([
    { level: 'info', msg: 'reorganisation: 1 block undone, the head is now 10' },
    { level: 'warn', msg: 'reorganisation: 3 blocks undone, the head is now 11', hash: '0xac' },
    { level: 'warn', msg: 'the head was lowered from 11 to 8: every node that had more is gone' },
  ]);
});

test('tells what a node is once, and again when it is something else', () => {
  const { observer, read } = observing();
  for (const client of ['Geth/v1', 'Geth/v1', 'Geth/v2', '']) observer.identified('mainnet', 'geth-1', client);
  expect(read().map(({ msg }) => msg)).toEqual([
    'geth-1 runs Geth/v1',
    'geth-1 runs Geth/v2',
    'geth-1 runs a client that does not say its name',
  ]);
});

test('lets no text of a node or client command a terminal or fill a line', () => {
  const { observer, read } = observing('debug');
  const hostile = `\u001b[2J\r\n${'x'.repeat(5000)}`;
  observer.stateChanged('mainnet', 'geth-1', 'healthy', 'down', hostile);
  observer.identified('mainnet', 'geth-1', hostile);
  observer.noted('warn', hostile, {});
  observer.attemptEnded('mainnet', 'geth-1', 'eth_call', failed('timeout', hostile));
  observer.callEnded(aCall(hostile), refuse('method_unknown', hostile), 1);
  const lines = read();
  expect(lines).toHaveLength(5);
  for (const line of lines) {
    expect(JSON.stringify(line)).not.toMatch(/\\u001b|\\r|\\n/);
    expect(JSON.stringify(line).length).toBeLessThan(1000);
  }
});

test('has a line at debug for a call that failed, was slow or was tried twice, and none for the rest', () => {
  const { observer, read } = observing('debug');
  observer.callEnded(aCall(), aReply(), 5);
  expect(read()).toEqual([]);
  observer.callEnded(aCall(), aReply(), 5000);
  observer.callEnded(aCall(), aReply({ attempts: 2 }), 5);
  observer.callEnded(aCall(), refuse('no_upstream', 'no node can serve this call'), 5);
  observer.attemptEnded('mainnet', 'geth-1', 'eth_call', answered(5));
  observer.attemptEnded('mainnet', 'geth-1', 'eth_call', failed('timeout', 'no answer in 4 s'));
  expect(read()).toMatchObject([
    { level: 'debug', requestId: 'request-1', ms: 5000 },
    { level: 'debug', attempts: 2 },
    { level: 'debug', msg: 'a call failed: no_upstream: no node can serve this call' },
    { level: 'debug', msg: 'geth-1 failed: no answer in 4 s', failure: 'timeout' },
  ]);
});

test('says nothing of single calls at info', () => {
  const { observer, read } = observing('info');
  observer.callEnded(aCall(), refuse('no_upstream', 'none'), 5000);
  observer.attemptEnded('mainnet', 'geth-1', 'eth_call', failed('timeout'));
  observer.rejected('parse_error');
  expect(read()).toEqual([]);
});

test('several observers combined are told everything, in order', () => {
  const told: string[] = [];
  const teller = (name: string) =>
    new Proxy({} as Parameters<typeof combine>[0][number], {
      get:
        (_target, method) =>
        (...what: unknown[]) =>
          told.push(`${name} ${String(method)} ${what.length}`),
    });
  const both = combine([teller('a'), teller('b')]);
  both.callEnded(aCall(), aReply(), 1);
  both.rejected('parse_error');
  both.attemptEnded('mainnet', 'geth-1', 'eth_call', answered(1));
  both.probed('mainnet', 'geth-1', 1);
  both.retried('mainnet', 'timeout');
  both.hedged('mainnet', 'won');
  both.dissented('mainnet', 'geth-1', 'eth_call');
  both.strayed('mainnet', 'geth-1', 'late_answer');
  both.stateChanged('mainnet', 'geth-1', 'unknown', 'healthy', 'at the head');
  both.identified('mainnet', 'geth-1', 'Geth');
  both.headMoved('mainnet', 1, '0xaa', 0, 1);
  both.headRewound('mainnet', 2, 1);
  both.streamed('mainnet', 'logs', 'event');
  both.recovered('mainnet', 'history');
  both.noted('info', 'hello', {});
  const counts = {
    callEnded: 3,
    rejected: 1,
    attemptEnded: 4,
    probed: 3,
    retried: 2,
    hedged: 2,
    dissented: 3,
    strayed: 3,
    stateChanged: 5,
    identified: 3,
    headMoved: 5,
    headRewound: 3,
    streamed: 3,
    recovered: 2,
    noted: 3,
  };
  expect(told).toEqual(Object.entries(counts).flatMap(([name, count]) => [`a ${name} ${count}`, `b ${name} ${count}`]));
});

test('tells at warn once of an upstream that contradicts a quorum, for each method', () => {
  const { observer, read } = observing();
  for (const method of ['eth_call', 'eth_call', 'eth_getBalance']) observer.dissented('mainnet', 'geth-1', method);
  expect(read()).toMatchObject([
    {
      level: 'warn',
      upstream: 'geth-1',
      method: 'eth_call',
      msg: 'geth-1 gave another answer than the quorum for eth_call',
    },
    { level: 'warn', method: 'eth_getBalance' },
  ]);
});

test('tells at warn once of an error in unknown words, whatever numbers are in it', () => {
  const { observer, read } = observing();
  const unknown = (text: string) => failed('unclassified', text, { unknownWording: true });
  for (const text of ['gremlin 7 in block 0xab', 'gremlin 8 in block 0xcd', 'another thing']) {
    observer.attemptEnded('mainnet', 'geth-1', 'eth_call', unknown(text));
  }
  observer.attemptEnded('mainnet', 'geth-1', 'eth_call', failed('unclassified', 'txpool is full'));
  expect(read()).toMatchObject([
    {
      level: 'warn',
      upstream: 'geth-1',
      method: 'eth_call',
      msg: 'geth-1 gave an unknown error: gremlin 7 in block 0xab',
    },
    { level: 'warn', msg: 'geth-1 gave an unknown error: another thing' },
  ]);
});
