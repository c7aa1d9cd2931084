import type { Observer } from '../core/observer.ts';

/** One observer that tells each of `observers`, in order. */
export const combine = (observers: readonly Observer[]): Observer => ({
  callEnded: (...what) => {
    for (const observer of observers) observer.callEnded(...what);
  },
  rejected: (...what) => {
    for (const observer of observers) observer.rejected(...what);
  },
  attemptEnded: (...what) => {
    for (const observer of observers) observer.attemptEnded(...what);
  },
  probed: (...what) => {
    for (const observer of observers) observer.probed(...what);
  },
  retried: (...what) => {
    for (const observer of observers) observer.retried(...what);
  },
  hedged: (...what) => {
    for (const observer of observers) observer.hedged(...what);
  },
  dissented: (...what) => {
    for (const observer of observers) observer.dissented(...what);
  },
  strayed: (...what) => {
    for (const observer of observers) observer.strayed(...what);
  },
  stateChanged: (...what) => {
    for (const observer of observers) observer.stateChanged(...what);
  },
  identified: (...what) => {
    for (const observer of observers) observer.identified(...what);
  },
  headMoved: (...what) => {
    for (const observer of observers) observer.headMoved(...what);
  },
  headRewound: (...what) => {
    for (const observer of observers) observer.headRewound(...what);
  },
  streamed: (...what) => {
    for (const observer of observers) observer.streamed(...what);
  },
  recovered: (...what) => {
    for (const observer of observers) observer.recovered(...what);
  },
  noted: (...what) => {
    for (const observer of observers) observer.noted(...what);
  },
});
