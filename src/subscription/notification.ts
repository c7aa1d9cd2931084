/** The notification methods of the two dialects. */
export type NotificationMethod = 'eth_subscription' | 'parity_subscription';

const END = Buffer.from('}}');

/** Makes the messages of one subscription: only its id, and the cursor where one is wanted, are its own. */
export const notifications = (
  method: NotificationMethod,
  id: string,
): ((result: Buffer, cursor?: string) => Buffer) => {
  const head = Buffer.from(`{"jsonrpc":"2.0","method":"${method}","params":{"subscription":"${id}","result":`);
  return (result, cursor) =>
    Buffer.concat(
      cursor === undefined ? [head, result, END] : [head, result, Buffer.from(`,"cursor":"${cursor}"`), END],
    );
};

/** An id as Geth makes them: random, in hex, without leading zeros. */
export const idFrom = (random: Uint8Array): string => {
  const digits = Buffer.from(random).toString('hex').replace(/^0+/, '');
  return `0x${digits === '' ? '0' : digits}`;
};
