/** The last few of something, oldest first. */
export class Ring<Item> {
  readonly #size: number;
  #items: Item[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  get items(): readonly Item[] {
    return this.#items;
  }

  push(item: Item): void {
    this.#items = [...this.#items.slice(1 - this.#size), item];
  }

  /** Puts something else in the place of each item. */
  map(change: (item: Item) => Item): void {
    this.#items = this.#items.map(change);
  }
}
