import type { Call } from '../core/call.ts';
import type { Handle } from '../core/layer.ts';
import { refuse, type Reply } from '../core/reply.ts';
import { Cancellation } from '../lib/cancellation.ts';
import type { Clock } from '../lib/clock.ts';

/** Somebody who waits for a flight to come back. */
interface Waiter {
  readonly call: Call;
  /** Ends the waiting. */
  readonly answer: (reply: Reply) => void;
  /** A fault of ours: ends the waiting by throwing it on. */
  readonly fail: (fault: unknown) => void;
}

/** One call under way, for all who want its answer. */
interface Flight {
  readonly cancellation: Cancellation;
  /** The one whose call is under way; undefined once he has left. */
  leader: Waiter | undefined;
  /** Undefined until somebody joins, which is seldom. */
  joiners: Set<Waiter> | undefined;
  /** Monotonic ms. */
  deadline: number;
}

/**
 * Has calls of the same identity share one that is under way. It is nobody's own: who leaves takes nothing from the
 * others, and it is given up when the last one has left. When it fails with most of its time gone, it is made once more for
 * those who have more. Whatever comes of it goes to those who wait for it, and to nobody later.
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
    if (under !== undefined) return this.#follow(identity, under, call);
    const cancellation = new Cancellation();
    const flight: Flight = { cancellation, leader: undefined, joiners: undefined, deadline: call.deadline };
    this.#flights.set(identity, flight);
    const reply = this.#lead(identity, flight, call);
    this.#fly(identity, flight, call, ask).catch((fault: unknown) => {
      this.#forget(identity, flight);
      for (const waiter of [flight.leader, ...(flight.joiners ?? [])]) waiter?.fail(fault);
    });
    return reply;
  }

  /** From now on everybody asks anew: what is under way is asked of a chain that turned out to be another one. */
  startOver(): void {
    this.#flights.clear();
  }

  async #fly(identity: string, flight: Flight, first: Call, ask: Handle): Promise<void> {
    let call: Call | undefined = first;
    while (call !== undefined) {
      flight.deadline = call.deadline;
      const halfTime: number = (this.#clock.now() + call.deadline) / 2;
      // One client's slow reading is not to hold up whoever else waits.
      const reply: Reply = await ask({ ...call, cancellation: flight.cancellation, memory: undefined });
      // What failed for want of time would perhaps not have failed whoever came later, and waits longer.
      const late: boolean = !reply.ok && reply.reason !== undefined && this.#clock.now() >= halfTime;
      call = late ? latest(flight) : undefined;
      if (call === undefined) this.#forget(identity, flight);
      const due = (waiter: Waiter): boolean => call === undefined || waiter.call.deadline <= flight.deadline;
      if (flight.leader !== undefined && due(flight.leader)) flight.leader.answer(reply);
      for (const waiter of flight.joiners ?? []) if (due(waiter)) waiter.answer(reply);
    }
  }

  /** Waits as the one who asked first. The router keeps his time. */
  #lead(identity: string, flight: Flight, call: Call): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        flight.leader = undefined;
        forgetClient();
      };
      const answer = (reply: Reply): void => {
        end();
        resolve(reply);
      };
      const fail = (fault: unknown): void => {
        end();
        reject(fault);
      };
      flight.leader = { call, answer, fail };
      const forgetClient = call.cancellation.onCancel(() => {
        answer(left);
        this.#emptied(identity, flight);
      });
    });
  }

  /** Waits beside the one who asked first. */
  #follow(identity: string, flight: Flight, call: Call): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        flight.joiners?.delete(waiter);
        forgetClient();
        timer.cancel();
      };
      const answer = (reply: Reply): void => {
        end();
        resolve(reply);
      };
      const fail = (fault: unknown): void => {
        end();
        reject(fault);
      };
      const leave = (reply: Reply): void => {
        answer(reply);
        this.#emptied(identity, flight);
      };
      const waiter: Waiter = { call, answer: (reply) => answer(joined(reply, call)), fail };
      (flight.joiners ??= new Set()).add(waiter);
      const timer = this.#clock.after(call.deadline - this.#clock.now(), () => leave(late));
      const forgetClient = call.cancellation.onCancel(() => leave(left));
    });
  }

  /** Somebody has left: where nobody is left, the call is given up. */
  #emptied(identity: string, flight: Flight): void {
    if (flight.leader !== undefined || (flight.joiners?.size ?? 0) > 0) return;
    this.#forget(identity, flight);
    flight.cancellation.cancel();
  }

  /** From now on the identity's calls ask anew. */
  #forget(identity: string, flight: Flight): void {
    if (this.#flights.get(identity) === flight) this.#flights.delete(identity);
  }
}

const left = refuse('timeout', 'the client left before the answer came');
const late = refuse('timeout', 'no answer within the time; an identical call is still under way');

/** Whoever has most time left, if that is more than the flight had. */
const latest = ({ joiners, deadline }: Flight): Call | undefined => {
  let found: Call | undefined;
  for (const { call } of joiners ?? []) if (call.deadline > (found?.deadline ?? deadline)) found = call;
  return found;
};

/** Each call is told the head that it was pinned to itself. */
const joined = (reply: Reply, call: Call): Reply => ({
  ...reply,
  info: { ...reply.info, source: 'coalesced', block: call.head?.latest.number },
});
