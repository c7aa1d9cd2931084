import { describe, expect, it } from 'vitest';
import { LatestValue } from '../../src/subscription/latest-value.ts';
import { ByteBudget } from '../../src/lib/byte-budget.ts';

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
    const value = new LatestValue({ changed: (some) => listening.push(some) });
    const [one, other] = [told(value), told(value)];
    one.opened.start();
    other.opened.start();
    one.opened.close();
    other.opened.close();
    other.opened.close();
    expect(listening).toEqual([true, false]);
  });

  it('is told to all at once where there is no room to keep it, and wanted again by who comes later or was slow', () => {
    const wanted: string[] = [];
    const value = new LatestValue({ budget: new ByteBudget(4), missing: () => wanted.push('value') });
    const [ready, slow, late] = [told(value), told(value), told(value)];
    for (const { opened } of [ready, slow]) opened.start();
    value.set(Buffer.from('1'));
    slow.line.takes = false;
    value.set(Buffer.from('2'));
    value.set(Buffer.from('large'));
    expect(wanted).toEqual([]);
    slow.drain();
    late.opened.start();
    expect(wanted).toEqual(['value', 'value']);
    value.set(Buffer.from('large'));
    expect([ready.results, slow.results, late.results]).toEqual([['1', '2', 'large'], ['1', '2', 'large'], ['large']]);
  });

  it('gives its room back when it is replaced, and when it is forgotten', () => {
    const budget = new ByteBudget(4);
    const value = new LatestValue({ budget });
    for (const next of ['1234', 'abcd']) {
      value.set(Buffer.from(next));
      expect(budget.keep(1)).toBeUndefined();
    }
    value.set(Buffer.from('large'));
    budget.keep(4)?.();
    value.set(Buffer.from('abcd'));
    value.forget();
    value.forget();
    expect(budget.keep(4)).toBeDefined();
    expect(budget.keep(1)).toBeUndefined();
  });
});
