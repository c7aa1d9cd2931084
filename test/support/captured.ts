/** Two streams that keep what is written to them. */
export const captured = () => {
  const written = { out: '', err: '' };
  return {
    stdout: { write: (text: string): void => void (written.out += text) },
    stderr: { write: (text: string): void => void (written.err += text) },
    out: (): string => written.out,
    err: (): string => written.err,
  };
};
