/**
 * Tells work that nobody waits for its result any more. Cheaper than an AbortController, which costs microseconds
 * when it fires, and without an error object to throw.
 */
export class Cancellation {
  #cancelled = false;
  /** Nearly always there is but one, which needs no set. */
  #first: (() => void) | undefined;
  #others: Set<() => void> | undefined;

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Calls every listener once. Later calls do nothing. */
  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    const [first, others] = [this.#first, this.#others];
    this.#first = undefined;
    this.#others = undefined;
    first?.();
    for (const listener of others ?? []) listener();
  }

  /** Runs `listener` on cancellation, at once if that has happened. Returns a function that takes it back. */
  onCancel(listener: () => void): () => void {
    if (this.#cancelled) {
      listener();
      return () => {};
    }
    if (this.#first === undefined) this.#first = listener;
    else (this.#others ??= new Set()).add(listener);
    return () => {
      if (this.#first === listener) this.#first = undefined;
      else this.#others?.delete(listener);
    };
  }
}
