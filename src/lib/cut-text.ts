/**
 * The beginning of somebody else's text, `most` characters at the longest, and `…` where that is not all. It ends with a
 * whole word: half a secret would be recognised by nobody who takes secrets out.
 */
export const cutText = (text: string, most: number): string => {
  if (text.length <= most) return text;
  let end = most;
  while (end > 0 && !/\s/.test(text.charAt(end))) end -= 1;
  return `${text.slice(0, end).trimEnd()}…`;
};
