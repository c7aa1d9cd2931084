/** Something that lives as long as a connection does, unless it is closed before. */
export interface Subscription {
  close(): void;
}

/** A client's connection, as those who push events to it see it. */
export interface Session {
  /** What this connection has subscribed to, by id. Closed with the connection. */
  readonly subscriptions: Map<string, Subscription>;
  /**
   * How events are written: as `plain` notifications, as ones that carry the `cursor` from which a reader can go on
   * elsewhere, or as Server-Sent Events (`stream`).
   */
  readonly style: 'plain' | 'cursor' | 'stream';
  /** Subscriptions that one connection may hold. */
  readonly subscriptionLimit: number;
  /** Runs `task` once the answer to the message at hand has been written: no event comes before its subscription's id. */
  afterAnswer(task: () => void): void;
  /** Sends one JSON text as one message. False once the reader is too slow to take more; try again in `onDrain`. */
  send(text: Buffer): boolean;
  /** Runs `task` once when the connection takes messages again. */
  onDrain(task: () => void): void;
  /** Ends the connection, for a reason that the client's library is told as a WebSocket close code. */
  end(code: number, reason: string): void;
}
