/** The bytes that the answer to one call may take while it is under way. */
export interface Memory {
  /**
   * Asks for room before so many bytes are put together. It may wait until the client has read what was written to it
   * before. False where there is no room in time: the call is then told `overloaded`.
   */
  take(bytes: number): Promise<boolean>;
  /** Counts the answer as it came instead of all that was taken for it. False where it does not fit: it is to be dropped. */
  settle(bytes: number): boolean;
}
