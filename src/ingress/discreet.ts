import type { Reply } from '../core/reply.ts';

/** A string of a JSON text, with the colon that makes it a key. */
const STRINGS = /("(?:[^"\\]|\\.)*")(\s*:)?/g;
/** Revert data and the like: what a secret looks like in it is chance, and a changed digit another meaning. */
const HEX = /^"0x[0-9a-f]*"$/i;

/**
 * The reply with no secret in its error: nodes repeat the keys and URLs by which they are called. All else stays as the
 * node wrote it, byte for byte. Results are not looked at.
 */
export const discreet = (reply: Reply, hide: (text: string) => string): Reply => {
  if (reply.ok) return reply;
  const { raw, error } = reply;
  if (raw === undefined) {
    const message = hide(error.message);
    return message === error.message ? reply : { ...reply, error: { ...error, message } };
  }
  const text = raw.toString();
  if (hide(text) === text) return reply;
  const hidden = text.replace(STRINGS, (whole, value: string, colon: string | undefined) =>
    colon !== undefined || HEX.test(value) ? whole : `"${hide(value.slice(1, -1))}"`,
  );
  return { ...reply, raw: Buffer.from(hidden) };
};
