/** One thing that is wrong with a configuration, and where. Never holds a value that was put in from outside. */
export interface Fault {
  readonly file: string;
  /** From 1, within the file. */
  readonly line: number;
  /** From 1, within the line. */
  readonly column: number;
  /** The way to the key: `chains[0].upstreams[1].url`; empty where the file as a whole is meant. */
  readonly key: string;
  readonly message: string;
  /** What to write instead, in words. */
  readonly suggestion?: string;
}

/** `headgate.yaml:12:5 chains[0].rooting: unknown key; did you mean routing?` */
export const renderFault = ({ file, line, column, key, message, suggestion }: Fault): string => {
  const where = key === '' ? `${file}:${line}:${column}` : `${file}:${line}:${column} ${key}`;
  return `${where}: ${message}${suggestion === undefined ? '' : `; ${suggestion}`}`;
};

/** One line for each fault, in the order of the file. */
export const renderFaults = (faults: readonly Fault[]): string => {
  const ordered = [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
  return ordered.map(renderFault).join('\n');
};
