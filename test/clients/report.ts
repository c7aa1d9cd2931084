/** What a library saw of a chain through one URL. */
export interface Report {
  readonly library: string;
  readonly chainId: number;
  readonly address: string;
  /** The numbers of the ticker's events, in the order in which they were read. */
  readonly ticks: readonly number[];
}

/** How many ticks each script sends. */
export const ticksToSend = 2;

/**
 * Keys of anvil's well-known development accounts 1 to 3, one for each library, so that they can run at the same time.
 * The devnet's own contract is driven by 0 and 9.
 */
export const developmentKeys = {
  viem: '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  ethers: '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
  web3: '0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6',
} as const;

/** Throws what `what` came to where it is not what it has to be. */
export const mustBe = (library: string, what: string, actual: unknown, expected: unknown): void => {
  const [got, wanted] = [actual, expected].map((value) =>
    JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part)),
  );
  if (got !== wanted) throw new Error(`${library}: ${what} is ${got}, not ${wanted}`);
};

/** Throws unless `holds`; for what has no one right value. */
export const mustHold = (library: string, what: string, holds: boolean): void => {
  if (!holds) throw new Error(`${library}: not so: ${what}`);
};
