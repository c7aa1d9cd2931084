/** How many headers each teller has in a tree, so that none can fill it. */
export class TellerQuota {
  readonly #most: number;
  /** Hashes of each teller, oldest first. */
  readonly #told = new Map<string, Set<string>>();

  constructor(most: number) {
    this.#most = most;
  }

  add(teller: string, hash: string): void {
    const told = this.#told.get(teller) ?? new Set();
    told.add(hash);
    this.#told.set(teller, told);
  }

  remove(teller: string, hash: string): void {
    const told = this.#told.get(teller);
    told?.delete(hash);
    if (told?.size === 0) this.#told.delete(teller);
  }

  /** The oldest header of a teller that has too many; undefined for one that keeps within the quota. */
  excess(teller: string): string | undefined {
    const told = this.#told.get(teller);
    if (told === undefined || told.size <= this.#most) return undefined;
    const [oldest] = told;
    return oldest;
  }
}
