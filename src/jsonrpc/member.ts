import type { RawJson } from './message.ts';
import { ANY_DEPTH, OPEN_OBJECT, skipValue, walkObject } from './scan.ts';

/**
 * The bytes of one member's value, without parsing anything; of doubled ones the last, as `JSON.parse` has it. Undefined
 * where there is none, or `json` is no object. Takes valid JSON without white space before it. A name written with escapes
 * is not recognised.
 */
export const memberOf = (json: RawJson, name: string): RawJson | undefined => {
  if (json[0] !== OPEN_OBJECT) return undefined;
  const wanted = Buffer.from(`"${name}"`);
  let found: RawJson | undefined;
  walkObject(json, 0, (key, value) => {
    const end = skipValue(json, value, ANY_DEPTH);
    if (end > 0 && json.compare(wanted, 0, wanted.length, key, key + wanted.length) === 0) {
      found = json.subarray(value, end);
    }
    return end;
  });
  return found;
};
