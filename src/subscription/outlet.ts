import { type Budget, goOn, type Stream } from './stream.ts';

/** What an outlet needs of a connection. */
export interface Line {
  /** Runs `task` once when the reader takes more again. */
  onDrain(task: () => void): void;
  /** Ends the connection of a reader who may come back when it can read faster. */
  slow(why: string): void;
  /** Ends the connection because events are missing: its reader has to fetch again from block `safeFrom` on. */
  lost(safeFrom: number, why: string): void;
}

/** What became of pumping an outlet. */
export type Pumped =
  | { readonly kind: 'rest' }
  /** The budget is spent. */
  | { readonly kind: 'tired' }
  /** This stream cannot go on by itself. */
  | { readonly kind: 'stuck'; readonly stream: Stream; readonly why: 'astray' | 'lost' };

const rest: Pumped = { kind: 'rest' };

/**
 * All that one connection reads. Within a block the heads come before the logs, so the logs wait while a head does; and
 * a reader who takes no more is left alone until it does: what it has not read costs nothing, being only positions.
 */
export class Outlet {
  readonly line: Line;
  readonly #wake: () => void;
  readonly #heads = new Set<Stream>();
  readonly #logs = new Set<Stream>();
  /** Streams that are being helped on by others. */
  readonly #away = new Set<Stream>();
  /** Streams that have been at the head. */
  readonly #live = new WeakSet<Stream>();
  #blocked = false;

  /** `wake` asks for this outlet to be pumped. */
  constructor(line: Line, wake: () => void) {
    this.line = line;
    this.#wake = wake;
  }

  /** The reader takes no more for now. */
  get blocked(): boolean {
    return this.#blocked;
  }

  get empty(): boolean {
    return this.#heads.size + this.#logs.size === 0;
  }

  get readsLogs(): boolean {
    return this.#logs.size > 0;
  }

  has(stream: Stream): boolean {
    return this.#heads.has(stream) || this.#logs.has(stream);
  }

  /** Whether the stream has been at the head, so that it reads no history any more. */
  live(stream: Stream): boolean {
    return this.#live.has(stream);
  }

  *streams(): Generator<Stream> {
    yield* this.#heads;
    yield* this.#logs;
  }

  add(stream: Stream, kind: 'heads' | 'logs'): void {
    (kind === 'heads' ? this.#heads : this.#logs).add(stream);
  }

  remove(stream: Stream): void {
    this.#heads.delete(stream);
    this.#logs.delete(stream);
    this.#away.delete(stream);
  }

  /** Leaves a stream alone until it is `back`. */
  away(stream: Stream): void {
    this.#away.add(stream);
  }

  back(stream: Stream): void {
    this.#away.delete(stream);
  }

  /** Waits for the reader. */
  block(): void {
    if (this.#blocked) return;
    this.#blocked = true;
    this.line.onDrain(() => {
      this.#blocked = false;
      this.#wake();
    });
  }

  /** Lets every stream advance as far as it can. */
  pump(budget: Budget): Pumped {
    if (this.#blocked) return rest;
    for (const stream of this.streams()) {
      const head = this.#heads.has(stream);
      if (this.#away.has(stream)) {
        if (head) return rest;
        continue;
      }
      const progress = goOn(stream, budget);
      switch (progress) {
        case 'arrived':
          this.#live.add(stream);
          break;
        case 'waiting':
          break;
        case 'tired':
          return { kind: 'tired' };
        case 'full':
          this.block();
          return rest;
        case 'astray':
        case 'lost':
          return { kind: 'stuck', stream, why: progress };
        default:
          return progress satisfies never;
      }
    }
    return rest;
  }
}
