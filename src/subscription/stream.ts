import type { Position } from './position.ts';

/** One event on its way to a reader. */
export interface StreamEvent {
  readonly kind: 'head' | 'log';
  /** The header or log object as JSON; the same bytes for everybody. */
  readonly text: Buffer;
  /** Where a reader stands who has got it. */
  readonly position: Position;
}

/** Takes an event for good; false if the reader takes no more after this one for now. */
export type Deliver = (event: StreamEvent) => boolean;

/** Events that may be delivered before others get their turn. */
export interface Budget {
  left: number;
}

/** Where advancing ended. */
export type Progress =
  /** At the head. */
  | 'arrived'
  /** The reader takes no more for now. */
  | 'full'
  /** The budget is spent. */
  | 'tired'
  /** Logs are being fetched. */
  | 'waiting'
  /** The tree has no way from the position to the head. */
  | 'astray'
  /** Logs that have to be taken back are not to be had any more. */
  | 'lost';

/** One subscription's way along the chain. */
export interface Stream {
  readonly position: Position;
  /** Delivers what lies between the position and the head, as far as the way is known at once. */
  advance(budget: Budget): Progress;
}

/** Has a stream advance for as long as it gets on: of a long way, what comes next is known only when it gets there. */
export const goOn = (stream: Stream, budget: Budget): Progress => {
  for (;;) {
    const from = stream.position;
    const progress = stream.advance(budget);
    if (progress !== 'arrived' || stream.position === from) return progress;
  }
};
