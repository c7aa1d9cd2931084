import type { RpcError } from '../jsonrpc/message.ts';

/** What a node told about the log queries it takes. */
export interface LogsLimit {
  /** Blocks in a query that this node always takes, where it said a number. */
  readonly maxRange?: number;
  /** Addresses in a query that this node always takes; 0 where it said no number. */
  readonly maxAddresses?: number;
  /** The result was too large or took too long: fewer blocks or addresses may pass, the range is not the point. */
  readonly tooMany?: boolean;
}

const figure = String.raw`(\d[\d,_]{0,11}k?)`;

/** Wordings that name the widest range; the group is the number of blocks. */
const ranges: readonly RegExp[] = [
  // Alchemy
  new RegExp(`up to an? ${figure} block range`),
  // QuickNode, BlockPI
  new RegExp(`(?:eth_\\w+|requests?) (?:is|are) limited to (?:an? )?${figure} (?:blocks? )?(?:range|blocks)`),
  // dRPC
  new RegExp(`ranges? over ${figure} blocks`),
  // Reth, publicnode, BSC, Hedera, Morph, Avalanche, Moonbeam, LlamaNodes, Infura
  new RegExp(`max(?:imum)? (?:allowed )?(?:block )?range(?: is|:| =| of)? ?${figure}`),
  new RegExp(`maximum is set to ${figure}`),
  new RegExp(`too (?:wide|large|big).{0,20}\\(?max(?:imum)?:? (?:of |is )?${figure}`),
  new RegExp(`(?:block )?range (?:greater|larger|more|superior) (?:than|to) ${figure}`),
  new RegExp(`range \\d+ exceeds (?:the )?limit (?:of )?${figure}`),
  new RegExp(`limit the query to (?:at most )?${figure} blocks`),
  new RegExp(`exceeds? the (?:range|limit) (?:allowed )?(?:of )?${figure} blocks`),
  new RegExp(`(?:at most|no more than|within|up to|maximum of) ${figure} blocks`),
  new RegExp(`blocks distance.{0,40}?maximum.{0,20}?${figure}|maximum (?:of )?${figure} blocks distance`),
];

/** Wordings that are about the number of addresses; the group is how many are allowed. */
const addresses: readonly RegExp[] = [
  new RegExp(
    `(?:at most|up to|max(?:imum)?(?: of)?|no more than|limited to|limit(?: is| of)?:?) ${figure} (?:contract )?addresses`,
  ),
  new RegExp(`addresses .{0,40}(?:at most|max(?:imum)?(?: of| is)?|limit(?: is| of)?:?|exceeds?) ${figure}`),
  new RegExp(`filters.{0,60}current limit is ${figure}`),
  /too many addresses|exceeds? max addresses|less number of address|addresses or topics per search position|addresses .{0,20}(?:exceeds?|limit)/,
];

const rangeWithoutFigure =
  /block range (?:is )?(?:too|limit)|range (?:is )?too (?:large|wide|big|high)|exceeds? (?:the )?(?:maximum|max) (?:rpc |block )?range|exceeds the range|block range (?:exceed|should)|blocks distance|range limit exceeded|requested too many blocks/;

const tooManyResults =
  /log response size|response size (?:exceed|should|is larger|limit)|response (?:is )?too (?:large|big)|returned more than|exceeds? max results|too many (?:results|logs)|logs over more|logs matched by query exceeds|query exceeds limit|exceeds? .{0,20}limit of \d+ (?:logs|results)|try paginating|this block range should work|query timeout exceeded|reduc\w+ (?:your |the )?(?:query )?block range|is too big/;

const count = (text: string): number => {
  const digits = Number(text.replace(/[,_k]/g, ''));
  return text.endsWith('k') ? digits * 1000 : digits;
};

/**
 * Reads a refusal of a log query for its width or the size of its result; undefined where the error says nothing of the
 * kind. Only for answers to log methods: a contract's revert may say the same words.
 */
export const logsLimit = (error: RpcError): LogsLimit | undefined => {
  const text = error.message.slice(0, 1000).toLowerCase();
  for (const pattern of addresses) {
    const found = pattern.exec(text);
    if (found !== null) return { maxAddresses: found[1] === undefined ? 0 : count(found[1]) };
  }
  const tooMany = tooManyResults.test(text);
  for (const pattern of ranges) {
    const found = pattern
      .exec(text)
      ?.slice(1)
      .find((group) => group !== undefined);
    const maxRange = found === undefined ? 0 : count(found);
    if (maxRange > 0) return tooMany ? { maxRange, tooMany } : { maxRange };
  }
  if (tooMany) return { tooMany };
  // QuickNode's code for a log query that is too wide.
  return error.code === -32614 || rangeWithoutFigure.test(text) ? {} : undefined;
};
