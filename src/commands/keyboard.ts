/** A terminal's keyboard, or whatever else stdin is. */
export interface Keyboard {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  setEncoding(encoding: 'utf8'): unknown;
  on(event: 'data', listener: (text: string) => void): unknown;
  off(event: 'data', listener: (text: string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** Single keys, until it is closed: then the terminal is as it was before. */
export interface KeyReader {
  close(): void;
}

/** A terminal in raw mode gives Ctrl-C as this character and sends no signal. */
export const ctrlC = '\u0003';

/** Whether single keys can be read: stdin is a terminal. */
export const givesKeys = (keyboard: Keyboard): boolean => keyboard.isTTY === true && keyboard.setRawMode !== undefined;

/** Hands over each key as it is pressed, without waiting for Enter, Ctrl-C too. */
export const readKeys = (keyboard: Keyboard, onKey: (key: string) => void): KeyReader => {
  const listener = (text: string): void => {
    for (const key of text) onKey(key);
  };
  keyboard.setRawMode?.(true);
  keyboard.setEncoding('utf8');
  keyboard.on('data', listener);
  keyboard.resume();
  return {
    close: () => {
      keyboard.off('data', listener);
      keyboard.setRawMode?.(false);
      keyboard.pause();
    },
  };
};
