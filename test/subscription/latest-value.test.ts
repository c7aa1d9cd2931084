import { describe, expect, it } from 'vitest';
import { LatestValue } from '../../src/subscription/latest-value.ts';

describe('a value that is told when it changes', () => {
  const told = (value: LatestValue) => {
    const results: string[] = [];
    const drains: (() => void)[] = [];
    const line = { takes: true };
    const opened = value.open({ onDrain: (task) => drains.push(task) }, (result) => {
      results.push(result.toString());
      return line.takes;
    });
    const drain = () => {
      for (const task of drains.splice(0)) task();
    };
    return { line, results, opened, drain };
  };

  it('is told at once where it is known, and never twice in a row', () => {
    const value = new LatestValue();
    value.set(Buffer.from('1'));
    const reader = told(value);
    reader.opened.start();
    for (const next of ['1', '2', '2', '1']) value.set(Buffer.from(next));
    expect(reader.results).toEqual(['1', '2', '1']);
    reader.opened.close();
    value.set(Buffer.from('3'));
    expect(reader.results).toEqual(['1', '2', '1']);
  });

  it('is the latest for a reader who was slow, and nothing where that is what it had', () => {
    const value = new LatestValue();
    const reader = told(value);
    reader.opened.start();
    reader.line.takes = false;
    for (const next of ['1', '2', '3']) value.set(Buffer.from(next));
    expect(reader.results).toEqual(['1']);
    reader.drain();
    expect(reader.results).toEqual(['1', '3']);
    for (const next of ['4', '3']) value.set(Buffer.from(next));
    reader.drain();
    expect(reader.results).toEqual(['1', '3']);
  });

  it('tells when the first reader comes, and when the last one has gone', () => {
    const listening: boolean[] = [];
    const value = new LatestValue((some) => listening.push(some));
    const [one, other] = [told(value), told(value)];
    one.opened.start();
    other.opened.start();
    one.opened.close();
    other.opened.close();
    other.opened.close();
    expect(listening).toEqual([true, false]);
  });
});
