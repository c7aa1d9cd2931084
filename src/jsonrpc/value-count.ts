import type { RawJson } from './message.ts';
import { COMMA, OPEN_ARRAY, OPEN_OBJECT } from './scan.ts';

/**
 * True if parsing a JSON text makes `most` values or fewer. What parsing costs, in time and in memory, hangs on their
 * number more than on the bytes: millions of empty arrays fit where thousands of logs are expected. Commas and opening
 * brackets are counted wherever they stand, so that one within a string counts too.
 */
export const valuesWithin = (json: RawJson, most: number): boolean => {
  let count = 1;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if ((byte === COMMA || byte === OPEN_ARRAY || byte === OPEN_OBJECT) && ++count > most) return false;
  }
  return count <= most;
};
