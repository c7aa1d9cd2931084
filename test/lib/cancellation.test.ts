import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../src/lib/cancellation.ts';

const heard = () => {
  const cancellation = new Cancellation();
  const names: string[] = [];
  const listen = (name: string) => cancellation.onCancel(() => names.push(name));
  return { cancellation, names, listen };
};

describe('Cancellation', () => {
  it('tells every listener once', () => {
    const { cancellation, names, listen } = heard();
    for (const name of ['a', 'b', 'c']) listen(name);
    cancellation.cancel();
    cancellation.cancel();
    expect(names).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['a', ['b', 'c']],
    ['b', ['a', 'c']],
    ['c', ['a', 'b']],
  ])('tells nothing to %s, who has taken it back', (who, others) => {
    const { cancellation, names, listen } = heard();
    for (const name of ['a', 'b', 'c']) {
      const forget = listen(name);
      if (name === who) forget();
    }
    cancellation.cancel();
    expect(names.toSorted()).toEqual(others);
  });

  it('takes nothing from others where somebody takes it back twice', () => {
    const { cancellation, names, listen } = heard();
    const forget = listen('a');
    forget();
    listen('b');
    forget();
    cancellation.cancel();
    expect(names).toEqual(['b']);
  });

  it('tells at once who comes when it has happened', () => {
    const { cancellation, names, listen } = heard();
    cancellation.cancel();
    listen('late');
    expect(cancellation.cancelled).toBe(true);
    expect(names).toEqual(['late']);
  });
});
