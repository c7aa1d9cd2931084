/** Characters by which two texts are told apart. */
const LENGTH = 160;

/** A text without what differs each time it is said: numbers, hex, quoted values. Two of one shape say the same thing. */
export const shapeOf = (text: string): string =>
  text
    .slice(0, LENGTH * 4)
    .replaceAll(/"[^"]*"|'[^']*'|\b0x[0-9a-f]*|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|\d+/gi, '#')
    .slice(0, LENGTH);
