import { expect, it } from 'vitest';
import { Distrust } from '../../src/cache/distrust.ts';

it('forgets who strays from the chain or is contradicted by those who agree, and nobody who is merely slow', () => {
  const forgotten: string[] = [];
  const distrust = new Distrust((upstream) => forgotten.push(upstream));
  for (const state of [
    'unknown',
    'healthy',
    'lagging',
    'stalled',
    'syncing',
    'isolated',
    'limited',
    'down',
    'drained',
  ]) {
    distrust.stateChanged('main', 'fine', 'healthy', state);
  }
  distrust.stateChanged('main', 'strayed', 'healthy', 'forked');
  distrust.stateChanged('main', 'stranger', 'unknown', 'wrong_chain');
  distrust.dissented('main', 'dissenter');
  expect(forgotten).toEqual(['strayed', 'stranger', 'dissenter']);
});
