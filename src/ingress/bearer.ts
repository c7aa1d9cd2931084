import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Whether an `Authorization` header carries this bearer token. Takes the same time wherever the two begin to differ, and
 * whatever their lengths.
 */
export const bearerMatches = (header: string | undefined, token: string): boolean => {
  const [, given] = /^bearer +(\S+) *$/i.exec(header ?? '') ?? [];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
