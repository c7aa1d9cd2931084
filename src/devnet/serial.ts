/** Runs tasks one after another, in the order they were handed in. A task that fails does not stop the next. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** True while a task runs or waits. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const result = this.#last.then(task).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = result.catch(() => {});
    return result;
  }
}
