import type { Call } from '../core/call.ts';
import type { Handle } from '../core/layer.ts';
import { refuse, type Reply } from '../core/reply.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Clock } from '../lib/clock.ts';

/** Somebody who waits for a flight to come back. */
interface Waiter {
  readonly call: Call;
  /** The one whose call is under way. */
  readonly leads: boolean;
  readonly answer: (reply: Reply) => void;
}

/** One call under way, for all who want its answer. */
interface Flight {
  readonly cancellation: Cancellation;
  readonly waiters: Set<Waiter>;
  /** Monotonic ms. */
  deadline: number;
}

/**
 * Has calls of the same identity share one that is under way. It is nobody's own: who leaves takes nothing from the
 * others, and it is given up when the last one has left. When its time runs out, it is made once more for those who have
 * more time. Whatever comes of it goes to those who wait for it, and to nobody later.
 */
export class SingleFlight {
  readonly #clock: Clock;
  readonly #flights = new Map<string, Flight>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls under way. */
  get size(): number {
    return this.#flights.size;
  }

  /** The answer of the call of this identity that is under way, or else of `ask`. Joiners' replies say `coalesced`. */
  join(identity: string, call: Call, ask: Handle): Promise<Reply> {
    if (call.cancellation.cancelled) return Promise.resolve(left);
    const under = this.#flights.get(identity);
    if (under !== undefined) return this.#wait(identity, under, call, false);
    const flight: Flight = { cancellation: new Cancellation(), waiters: new Set(), deadline: call.deadline };
    this.#flights.set(identity, flight);
    const reply = this.#wait(identity, flight, call, true);
    void this.#fly(identity, flight, call, ask);
    return reply;
  }

  async #fly(identity: string, flight: Flight, first: Call, ask: Handle): Promise<void> {
    let call: Call | undefined = first;
    while (call !== undefined) {
      flight.deadline = call.deadline;
      const reply: Reply = await ask({ ...call, cancellation: flight.cancellation });
      const late = !reply.ok && reply.reason !== undefined && this.#clock.now() >= flight.deadline;
      call = late ? latest(flight) : undefined;
      if (call === undefined) this.#forget(identity, flight);
      for (const waiter of flight.waiters) {
        if (call === undefined || waiter.call.deadline <= flight.deadline) waiter.answer(reply);
      }
    }
  }

  #wait(identity: string, flight: Flight, call: Call, leads: boolean): Promise<Reply> {
    return new Promise((resolve) => {
      const end = (reply: Reply): void => {
        flight.waiters.delete(waiter);
        forgetClient();
        timer?.cancel();
        resolve(reply);
      };
      const leave = (reply: Reply): void => {
        end(reply);
        if (flight.waiters.size > 0) return;
        this.#forget(identity, flight);
        flight.cancellation.cancel();
      };
      const waiter: Waiter = { call, leads, answer: (reply) => end(leads ? reply : joined(reply, call)) };
      flight.waiters.add(waiter);
      // The router keeps the leader's time.
      const timer = leads ? undefined : this.#clock.after(call.deadline - this.#clock.now(), () => leave(late));
      const forgetClient = call.cancellation.onCancel(() => leave(left));
    });
  }

  /** From now on the identity's calls ask anew. */
  #forget(identity: string, flight: Flight): void {
    if (this.#flights.get(identity) === flight) this.#flights.delete(identity);
  }
}

const left = refuse('timeout', 'the client left before the answer came');
const late = refuse('timeout', 'no answer within the time; an identical call is still under way');

/** Whoever has most time left, if that is more than the flight had. */
const latest = ({ waiters, deadline }: Flight): Call | undefined => {
  let found: Call | undefined;
  for (const { call } of waiters) if (call.deadline > (found?.deadline ?? deadline)) found = call;
  return found;
};

/** Each call is told the head that it was pinned to itself. */
const joined = (reply: Reply, call: Call): Reply => ({
  ...reply,
  info: { ...reply.info, source: 'coalesced', block: call.head?.latest.number },
});
