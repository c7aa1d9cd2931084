import type { Logger } from 'pino';
import type { Call } from '../core/call.ts';
import type { Observer } from '../core/observer.ts';
import type { Failed } from '../core/outcome.ts';
import type { Reply } from '../core/reply.ts';
import { cutText } from '../lib/cut-text.ts';
import { shapeOf } from '../lib/text-shape.ts';

/** Ms from which a call is worth a line. */
const SLOW = 1000;
/** Characters of a node's or a client's own text in a line. */
const LONGEST = 300;
/** States that no operator has to look into. */
const CALM: ReadonlySet<string> = new Set(['healthy', 'drained', 'unknown']);
/** Things told once that are remembered, so that they are not told again at each reconnect or call. */
const REMEMBERED = 1000;

/** Tells an operator the story of the nodes at `info` and `warn`; single calls only at `debug`. */
export const createLogObserver = (log: Logger): Observer => {
  const clients = new Map<string, string>();
  const told = new Set<string>();
  return {
    callEnded: (call, reply, durationMs) => {
      if (log.isLevelEnabled('debug') && remarkable(reply, durationMs)) logCall(log, call, reply, durationMs);
    },
    rejected: (reason) => log.debug({ reason }, 'a request was rejected'),
    attemptEnded: (chain, upstream, method, outcome) => {
      if (outcome.kind !== 'failed') return;
      if (outcome.unknownWording) tellOnce(told, unknownError(chain, upstream, method, outcome), log);
      if (!log.isLevelEnabled('debug')) return;
      const { failure, latencyMs } = outcome;
      log.debug(
        { chain, upstream, method, failure, ms: rounded(latencyMs) },
        `${upstream} failed: ${plain(outcome.message)}`,
      );
    },
    probed: () => {},
    retried: () => {},
    hedged: () => {},
    dissented: (chain, upstream, method) => {
      const words = `${upstream} gave another answer than the quorum for ${method}`;
      tellOnce(told, { key: words, words, fields: { chain, upstream, method } }, log);
    },
    strayed: (chain, upstream, kind) =>
      log.debug({ chain, upstream, kind }, `${upstream} sent what nobody waited for: ${kind.replaceAll('_', ' ')}`),
    stateChanged: (chain, upstream, from, to, reason) => {
      const line = `${upstream} is ${to === 'wrong_chain' ? 'on the wrong chain' : to}: ${plain(reason)}`;
      log[CALM.has(to) ? 'info' : 'warn']({ chain, upstream, from, to }, line);
    },
    identified: (chain, upstream, client) => {
      const key = JSON.stringify([chain, upstream]);
      if (clients.get(key) === client) return;
      if (clients.size >= REMEMBERED) clients.clear();
      clients.set(key, client);
      log.info({ chain, upstream }, `${upstream} runs ${plain(client) || 'a client that does not say its name'}`);
    },
    headMoved: (chain, number, hash, depth) => {
      if (depth === 0) log.debug({ chain, number, hash }, `the head is ${number}`);
      else
        log[depth === 1 ? 'info' : 'warn'](
          { chain, number, hash, depth },
          `reorganisation: ${blocks(depth)} undone, the head is now ${number}`,
        );
    },
    headRewound: (chain, from, to) => {
      log.warn({ chain, from, to }, `the head was lowered from ${from} to ${to}: every node that had more is gone`);
    },
    streamed: () => {},
    recovered: (chain, reason) => {
      const bad = reason === 'lost';
      log[bad ? 'warn' : 'debug'](
        { chain, reason },
        bad ? 'a reader was told that events are missing' : `streams go on: ${reason}`,
      );
    },
    noted: (level, message, fields) => log[level](fields, plain(message)),
  };
};

/** A line that is worth an operator's while once. */
interface Notice {
  readonly key: string;
  readonly words: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const unknownError = (chain: string, upstream: string, method: string, { message, error }: Failed): Notice => ({
  key: `${upstream} ${shapeOf(message)}`,
  words: `${upstream} gave an unknown error: ${plain(message)}`,
  fields: { chain, upstream, method, code: error?.code },
});

const tellOnce = (told: Set<string>, { key, words, fields }: Notice, log: Logger): void => {
  const known = `${String(fields['chain'])} ${key}`;
  if (told.has(known) || told.size >= REMEMBERED) return;
  told.add(known);
  log.warn(fields, words);
};

const remarkable = (reply: Reply, durationMs: number): boolean =>
  durationMs >= SLOW || reply.info.attempts > 1 || (!reply.ok && reply.reason !== undefined);

const logCall = (log: Logger, call: Call, reply: Reply, durationMs: number): void => {
  const { chain, method, transport, requestId, client } = call;
  const { source, upstream, attempts } = reply.info;
  const outcome = reply.ok ? 'ok' : (reply.reason ?? 'error');
  log.debug(
    {
      requestId,
      chain,
      method: plain(method),
      transport,
      client: client.name,
      source,
      upstream,
      attempts,
      ms: rounded(durationMs),
    },
    reply.ok
      ? 'a call was slow or took more than one attempt'
      : `a call failed: ${outcome}: ${plain(reply.error.message)}`,
  );
};

/** Somebody else's text on one line of bounded length, with nothing in it that a terminal would obey. */
const plain = (text: string): string =>
  cutText(text, LONGEST)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();

const rounded = (ms: number): number => Math.round(ms * 10) / 10;

const blocks = (count: number): string => (count === 1 ? '1 block' : `${count} blocks`);
