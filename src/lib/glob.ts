const escapeRegExp = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');

/** A predicate for names that match any of the patterns, in which `*` stands for any run of characters. Case counts. */
export const globs = (patterns: readonly string[]): ((name: string) => boolean) => {
  if (patterns.length === 0) return () => false;
  const sources = patterns.map((pattern) => pattern.split('*').map(escapeRegExp).join('.*'));
  const union = new RegExp(`^(?:${sources.join('|')})$`, 's');
  return (name) => union.test(name);
};
