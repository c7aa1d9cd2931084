/**
 * Ms to wait as a `Retry-After` header says, in seconds or as an HTTP date (RFC 9110, 10.2.3). `wall` is ms since the
 * Unix epoch. Undefined where the header says nothing usable; never negative, never above `max`.
 */
export const retryAfterMs = (header: string | undefined, wall: number, max: number): number | undefined => {
  const text = header?.trim() ?? '';
  if (/^\d{1,10}(\.\d{1,9})?$/.test(text)) return Math.min(Number(text) * 1000, max);
  // Every HTTP date begins with a weekday; Date.parse alone would take much that is none.
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - wall), max);
};
