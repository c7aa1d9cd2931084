import { describe, expect, it } from 'vitest';
import { AnswerTurns, type Turn } from '../../src/ingress/answer-turns.ts';
import { FakeClock } from '../support/fake-clock.ts';

const settled = async (): Promise<void> => {
  for (let n = 0; n < 10; n += 1) await Promise.resolve();
};

/** Turns before a reader who takes what a test says, and in which order they came. */
const reader = (most = 100) => {
  const clock = new FakeClock();
  const socket = { unsent: 0 };
  const turns = new AnswerTurns(clock, most, () => socket.unsent);
  const told: string[] = [];
  const ask = (name: string, bytes: number, turn: Turn = turns.open()): Turn => {
    void turn.take(bytes, 1000).then((granted) => told.push(`${name} ${granted ? 'goes on' : 'is refused'}`));
    return turn;
  };
  return { clock, socket, turns, told, ask };
};

describe('the turns of the answers of one connection', () => {
  it('come at once for as long as little waits for the reader', async () => {
    const { told, ask, clock } = reader();
    for (const name of ['a', 'b', 'c']) ask(name, 30);
    await settled();
    expect(told).toEqual(['a goes on', 'b goes on', 'c goes on']);
    expect(clock.pending).toBe(0);
  });

  it('come one after the other for large answers, although all were asked for at once', async () => {
    const { told, ask, socket, turns } = reader();
    const [first, second] = ['a', 'b', 'c'].map((name) => ask(name, 5000));
    await settled();
    expect(told).toEqual(['a goes on']);
    socket.unsent = 5000;
    first?.done();
    await settled();
    expect(told).toHaveLength(1);
    socket.unsent = 0;
    turns.next();
    await settled();
    expect(told).toEqual(['a goes on', 'b goes on']);
    second?.done();
    await settled();
    expect(told).toEqual(['a goes on', 'b goes on', 'c goes on']);
  });

  it('are not overtaken by small answers that come later', async () => {
    const { told, ask, socket, turns } = reader();
    socket.unsent = 5000;
    ask('a', 5000);
    socket.unsent = 0;
    ask('b', 1);
    turns.next();
    await settled();
    expect(told).toEqual(['a goes on']);
  });

  it('are one for all calls of a message, which are written together', async () => {
    const { told, ask } = reader();
    const batch = ask('a', 5000);
    ask('b', 5000, batch);
    ask('c', 5000);
    await settled();
    expect(told).toEqual(['a goes on', 'b goes on']);
    batch.done();
    await settled();
    expect(told.at(-1)).toBe('c goes on');
  });

  it('are refused to those for whom time runs out, and those behind them still wait', async () => {
    const { told, ask, clock } = reader();
    const first = ask('a', 5000);
    ask('b', 1);
    clock.advance(500);
    await settled();
    expect(told).toEqual(['a goes on']);
    clock.advance(500);
    await settled();
    expect(told).toEqual(['a goes on', 'b is refused']);
    first.done();
    ask('c', 1);
    await settled();
    expect(told.at(-1)).toBe('c goes on');
    expect(clock.pending).toBe(0);
  });

  it('are refused to all once the connection has ended', async () => {
    const { told, ask, turns, clock } = reader();
    ask('a', 5000);
    ask('b', 1);
    turns.close();
    ask('c', 1);
    await settled();
    expect(told).toEqual(['a goes on', 'b is refused', 'c is refused'].toSorted());
    expect(clock.pending).toBe(0);
  });
});
