/**
 * The Server-Sent Event that says that events are missing: what is to be known from block `safeFrom` (hex) on has to be
 * fetched again. `message` is for people.
 */
export const gapEvent = (safeFrom: string, message: string): Buffer =>
  Buffer.from(`event: gap\ndata: ${JSON.stringify({ safeFrom, reason: 'cursor_lost', message })}\n\n`);
