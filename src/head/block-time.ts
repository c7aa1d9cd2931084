/** Blocks that one sample spans: timestamps are whole seconds, so a faster chain shows its pace only over several. */
const span = 16;
const fastestMs = 50;
const slowestMs = 60_000;

/**
 * The usual time between two blocks in ms, from the timestamps (s) of consecutive blocks, oldest first: the median over
 * spans of up to 16 blocks, so that a pause in a quiet chain does not count. Between 50 ms and a minute; undefined with fewer than two.
 */
export const blockTimeOf = (timestamps: readonly number[]): number | undefined => {
  const width = Math.min(span, Math.max(1, Math.floor(timestamps.length / 2)));
  const paces: number[] = [];
  for (let end = width; end < timestamps.length; end++) {
    paces.push((((timestamps[end] ?? 0) - (timestamps[end - width] ?? 0)) * 1000) / width);
  }
  if (paces.length === 0) return undefined;
  paces.sort((one, other) => one - other);
  const median = paces[Math.floor(paces.length / 2)] ?? fastestMs;
  return Math.min(slowestMs, Math.max(fastestMs, median));
};
