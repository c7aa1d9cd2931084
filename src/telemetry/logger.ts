import { type Logger, pino, stdTimeFunctions } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { createMask } from './mask.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  /** `auto` is `pretty` where `out` is a terminal, else `json`. */
  readonly format: 'auto' | 'pretty' | 'json';
}

/** Where lines go: `process.stdout`, or whatever a test reads. */
export interface LogOutput {
  readonly isTTY?: boolean;
  write(line: string): unknown;
}

export interface HeadgateLogger {
  readonly log: Logger;
  /** Takes over what a reload changed. */
  readonly update: (options: { readonly level: LogLevel; readonly secrets: readonly string[] }) => void;
}

/**
 * Lines for an operator. Every configured secret, and all of a URL but its scheme, host and port, is masked in the text that is
 * about to be written, so that it does not matter by which way it got there: message, field, or an error's stack.
 */
export const createLogger = (options: LogOptions, secrets: readonly string[], out: LogOutput): HeadgateLogger => {
  const terminal = out.isTTY === true;
  const pretty =
    options.format === 'pretty' || (options.format === 'auto' && terminal) ? prettifier(terminal) : undefined;
  let mask = createMask(secrets);
  const write = (line: string): void => {
    const safe = safeLine(line, mask);
    // Unfolding JSON strings for a terminal can spell what was escaped until then.
    out.write(pretty === undefined ? safe : mask(pretty(safe)));
  };
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  return {
    log,
    update: (changed) => {
      log.level = changed.level;
      mask = createMask(changed.secrets);
    },
  };
};

const prettifier = (colorize: boolean): ((line: string) => string) =>
  prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', levelFirst: false, singleLine: true });

/** A masked line that is still JSON, even where a secret of digits or braces has torn the line's own syntax. */
const safeLine = (line: string, mask: (text: string) => string): string => {
  const masked = mask(line);
  return masked === line || isJson(masked)
    ? masked
    : `${mask(JSON.stringify({ msg: masked.replaceAll(/["\\\n]/g, ' ') }))}\n`;
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
