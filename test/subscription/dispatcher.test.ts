import { expect, it } from 'vitest';
import type { Clock } from '../../src/lib/clock.ts';
import { Dispatcher } from '../../src/subscription/dispatcher.ts';
import type { Line } from '../../src/subscription/outlet.ts';
import { after } from '../../src/subscription/position.ts';
import type { Budget, Progress, Stream } from '../../src/subscription/stream.ts';

const line: Line = { onDrain: () => {}, slow: () => {}, lost: () => {} };

/** A stream with so many events to give. */
class Due implements Stream {
  readonly position = after({ number: 1, hash: '0x1' });
  given = 0;
  asked = 0;
  readonly #events: number;

  constructor(events: number) {
    this.#events = events;
  }

  advance(budget: Budget): Progress {
    this.asked += 1;
    for (; this.given < this.#events; this.given += 1) {
      if (budget.left <= 0) return 'tired';
      budget.left -= 1;
    }
    return 'arrived';
  }
}

const slice = 100;

/** Runs one task for each turn of the loop. */
class Turns implements Clock {
  readonly #tasks: (() => void)[] = [];

  now = (): number => 0;
  wall = (): number => 0;

  after(_ms: number, task: () => void): { cancel(): void } {
    this.#tasks.push(task);
    return { cancel: () => {} };
  }

  /** False where nothing was left to do. */
  next(): boolean {
    const task = this.#tasks.shift();
    task?.();
    return task !== undefined;
  }
}

const begin = (streams: readonly Due[]): Turns => {
  const turns = new Turns();
  const dispatcher = new Dispatcher({ slice }, turns, () => {});
  for (const stream of streams) dispatcher.open(line).add(stream, 'logs');
  dispatcher.wakeAll();
  return turns;
};

const given = (streams: readonly Due[]): number => streams.reduce((sum, stream) => sum + stream.given, 0);

it.each([
  ['to one reader', [new Due(1000)]],
  ['to as many readers', Array.from({ length: 1000 }, () => new Due(1))],
])('many events are written %s in slices, between which everything else gets its turn', (_to, streams) => {
  const turns = begin(streams);
  let before = 0;
  do {
    expect(given(streams) - before).toBeLessThanOrEqual(slice);
    before = given(streams);
  } while (turns.next());
  expect(before).toBe(1000);
});

it('a reader with very much to read does not keep the others waiting for all of it', () => {
  const [long, short] = [new Due(100_000), new Due(1)];
  const turns = begin([long, short]);
  for (let turn = 0; turn < 2; turn += 1) turns.next();
  expect(short.given).toBe(1);
  expect(long.given).toBeLessThanOrEqual(3 * slice);
});

it('to find that nobody has anything to read takes its turns, too', () => {
  const streams = Array.from({ length: 1000 }, () => new Due(0));
  const asked = (): number => streams.reduce((sum, stream) => sum + stream.asked, 0);
  const turns = begin(streams);
  expect(asked()).toBe(slice);
  while (turns.next());
  expect(asked()).toBe(1000);
});
