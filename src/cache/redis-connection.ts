import { createClient, RESP_TYPES } from '@redis/client';

/** A word or a value of a command. */
export type RedisWord = string | Buffer;

/** What a server says: values as bytes. */
export type RedisReply = Buffer | string | number | null | readonly RedisReply[];

export interface RedisListener {
  /** A message on the channel. */
  readonly heard: (message: Buffer) => void;
  /** The connection is of no use any more; `why` holds no URL. */
  readonly ended: (why: string) => void;
}

/** One connection, for commands and for one channel. It is never made again by itself. */
export interface RedisConnection {
  /** Resolves once commands may be sent and the channel is listened to; rejects where that cannot be had. */
  readonly ready: Promise<void>;
  /** Rejects for an error of the server, and when the connection ends. */
  send(command: readonly RedisWord[]): Promise<RedisReply>;
  /** Ends it at once; commands under way are rejected. */
  destroy(): void;
}

/** `url` as the config has it. Time limits are the caller's. */
export const connectRedis = (url: string, channel: string, listener: RedisListener): RedisConnection => {
  const client = createClient({
    url,
    RESP: 3,
    name: 'headgate',
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    socket: { reconnectStrategy: false },
  });
  client.on('error', (error: Error) => listener.ended(wordsOf(error)));
  client.on('end', () => listener.ended('the connection was closed'));
  const bytes = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
  const connect = async (): Promise<void> => {
    await client.connect();
    await client.subscribe(channel, (message: Buffer) => listener.heard(message), true);
  };
  return {
    ready: connect(),
    send: (command) => client.sendCommand<RedisReply>(command, bytes),
    destroy: () => client.destroy(),
  };
};

/** A system's code, or the server's own first word (`WRONGPASS`, `NOAUTH`): more might name what must not be named. */
const wordsOf = (error: Error & { code?: string }): string =>
  error.code ?? /^[A-Z]{3,20}\b/.exec(error.message)?.[0] ?? error.name;
