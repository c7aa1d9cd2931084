/** What decides when a node is asked for its head next; all times in ms. */
export interface PollingInput {
  readonly now: number;
  /** Time between two heartbeats. */
  readonly intervalMs: number;
  readonly blockTimeMs: number;
  readonly lastBeat: number;
  readonly lastPoll: number;
  /** When the node's head last changed. */
  readonly movedAt: number;
  /** The node pushes its heads, so only heartbeats are due. */
  readonly fed: boolean;
  /** The node votes or serves; one of a tier that is not needed is asked rarely. */
  readonly active: boolean;
  /** Until when the node asked not to be called. */
  readonly limitedUntil: number;
  /** Ms from the last question on for which a small budget is left to clients. */
  readonly sparedMs: number;
}

/** Heartbeats that a node of an idle tier is spared. */
const idleFactor = 15;
/** Polls about the moment at which a block is due, per block time. */
const pollsPerBlock = 8;
const shortestPollMs = 50;
/** Share of a node's budget of calls that its watch may use up, and heartbeats that it may be late for that. */
const watchShare = 0.2;
const latestBeat = 4;
/** Block times after which nothing is expected any more and heartbeats are enough. */
const overdue = 4;

/** Ms from one heartbeat of a node to the next. */
export const beatMs = (intervalMs: number, active: boolean): number => (active ? intervalMs : intervalMs * idleFactor);

/** When (monotonic ms) to ask next: around the moment at which the next block is due, and at each heartbeat. */
export const nextPoll = (input: PollingInput): number => {
  const { now, intervalMs, blockTimeMs, lastBeat, movedAt } = input;
  const beat = lastBeat + beatMs(intervalMs, input.active);
  const spared = input.lastPoll + input.sparedMs;
  const free = Math.max(spared, Math.min(input.limitedUntil, now + intervalMs * idleFactor));
  if (input.fed || !input.active || now - movedAt > overdue * blockTimeMs) return Math.max(beat, free);
  const step = Math.max(shortestPollMs, Math.min(intervalMs, blockTimeMs / pollsPerBlock));
  const due = movedAt + blockTimeMs - step;
  return Math.max(Math.min(beat, Math.max(due, input.lastPoll + step)), free);
};

/** Ms for which a node is spared after `items` questions, such that they are no more than their share of what it is asked at most. */
export const sparedMs = (items: number, callsPerSecond: number, intervalMs: number): number =>
  Math.min(latestBeat * intervalMs, (1_000 * items) / (callsPerSecond * watchShare));

/** The shortest time between two polls, also for a node that is asked because another one has a new block. */
export const pollGap = (blockTimeMs: number): number => Math.max(shortestPollMs / 2, Math.min(500, blockTimeMs / 16));
