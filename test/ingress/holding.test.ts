import { describe, expect, it } from 'vitest';
import { Holding } from '../../src/ingress/holding.ts';
import { ByteBudget } from '../../src/lib/byte-budget.ts';

describe('the bytes under way', () => {
  it('are refused for a request that does not fit, whatever is free', () => {
    const holding = new Holding(new ByteBudget(100));
    expect([holding.take(60), holding.take(60), holding.take(40), holding.take(1)]).toEqual([true, false, true, false]);
  });

  it('may go beyond the budget by one answer, so that the largest is not refused for ever', async () => {
    const budget = new ByteBudget(100);
    const [first, second] = [new Holding(budget), new Holding(budget)];
    expect(await first.memory(0).take(500)).toBe(true);
    expect(await second.memory(0).take(1)).toBe(false);
    expect(second.take(1)).toBe(false);
    first.close();
    expect(await second.memory(0).take(1)).toBe(true);
    expect(budget.held).toBe(1);
  });

  it('are those of the answer as it came, not of all that was put together for it', async () => {
    const budget = new ByteBudget(100);
    const memory = new Holding(budget).memory(0);
    await memory.take(30);
    await memory.take(40);
    expect([memory.settle(50), budget.held]).toEqual([true, 50]);
    expect([memory.settle(10), budget.held]).toEqual([true, 10]);
    expect([memory.settle(400), budget.held]).toEqual([true, 400]);
    expect([memory.settle(0), budget.held]).toEqual([true, 0]);
  });

  it('are none for an answer that is dropped', async () => {
    const budget = new ByteBudget(100);
    const memory = new Holding(budget).memory(0);
    await memory.take(30);
    budget.admit(70);
    expect([memory.settle(31), budget.held]).toEqual([false, 70]);
  });

  it('are given back when a message is over, and what its calls say after that counts no more', async () => {
    const budget = new ByteBudget(100);
    const holding = new Holding(budget);
    const [done, late] = [holding.memory(0), holding.memory(0)];
    holding.take(10);
    await done.take(20);
    holding.close();
    expect(budget.held).toBe(0);
    await late.take(30);
    done.settle(5);
    late.settle(40);
    expect(budget.held).toBe(0);
  });
});
