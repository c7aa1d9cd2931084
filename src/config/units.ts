const durationUnits = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
const sizeUnits = { GiB: 1024 ** 3, MiB: 1024 ** 2, KiB: 1024, B: 1 } as const;

const parse = (text: string, units: Readonly<Record<string, number>>): number | undefined => {
  const match = /^(\d{1,16}(?:\.\d{1,9})?) ?([A-Za-z]{1,3})$/.exec(text.trim());
  const unit = match?.[2] === undefined ? undefined : Object.entries(units).find(([name]) => name === match[2])?.[1];
  if (match?.[1] === undefined || unit === undefined) return undefined;
  const value = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(value) ? value : undefined;
};

const format = (value: number, units: Readonly<Record<string, number>>): string => {
  for (const [name, unit] of Object.entries(units)) {
    if (value >= unit && value % unit === 0) return `${value / unit}${name}`;
  }
  return `${value}${Object.keys(units).at(-1)}`;
};

/** Reads `2s`, `1.5m`, `250ms`, `1h` as whole milliseconds. Undefined for anything else, a bare number included. */
export const parseDuration = (text: string): number | undefined => parse(text, durationUnits);

/** Writes milliseconds in the largest unit that holds them exactly; `parseDuration` reads it back. */
export const formatDuration = (ms: number): string => format(ms, durationUnits);

/** Reads `5MiB`, `1.5GiB`, `64KiB`, `100B`, or a bare number of bytes, as whole bytes. Undefined for anything else. */
export const parseSize = (text: string): number | undefined =>
  parse(/^\d+$/.test(text.trim()) ? `${text}B` : text, sizeUnits);

/** Writes bytes in the largest unit that holds them exactly; `parseSize` reads it back. */
export const formatSize = (bytes: number): string => format(bytes, sizeUnits);
