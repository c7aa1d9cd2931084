import { any, type Rule } from './error-rules.ts';
import { sending } from './methods.ts';

/**
 * What only the words tell, as clients and providers were seen to word it. Order matters where wordings overlap: a
 * plan without archive data is not a missing method, a free tier's time limit is not one either.
 */
export const wordingRules: readonly Rule[] = [
  {
    // Limits that this node's owner chose; another node's owner may have chosen otherwise.
    verdict: 'unclassified',
    methods: sending,
    wording: any(
      /pool (?:is )?(?:full|disabled)|pool not enabled|too many transactions|dropped due to limit|configured cap/,
      /over rate limit|account limit exceeded|in-flight transaction limit|max queued/,
    ),
  },
  {
    // By words, not by code: Besu numbers its rejections as others number limits and missing things.
    verdict: 'refused',
    methods: sending,
    wording: any(
      /nonce|underpriced|insufficient ?(?:funds|balance)|upfront cost|fee ?per ?gas|fee cap|tip cap|priority fee|base fee|fee ?too ?low/,
      /already (?:known|imported|exists|reserved)|known transaction|already in (?:the )?mempool|already have transaction/,
      /existing (?:tx|txn|transaction) with same hash|replace (?:existing|pending)|replacementnotallowed|malformedtransaction/,
      /gas ?price|gas ?limit|intrinsic gas|gas is too low|supplied gas|minimal gas|exceeds block gas/,
      /chain ?id|invalid sender|sender ?is ?(?:not|contract)|not an eoa|signature|replay-protected|transaction is not permitted|not authorized to send/,
      /rlp|decode|typed transaction|transaction type|tx type|oversized|sizeexceeded|int256overflow|negative value|too (?:big|short)|blob|init ?code|authorization list/,
    ),
  },
  // A plan or node without old state says so in many words, but always with this one.
  { verdict: 'missing_data', wording: /archive/ },
  {
    verdict: 'transport',
    wording: any(
      /invalid (?:api|access|project) ?-?(?:key|token|id)|(?:api ?key|token) is (?:invalid|inactive)|key is inactive/,
      /project id (?:is )?(?:required|does not exist|not found)|(?:must|you must|to) (?:be )?authenticated?\b/,
      /unauthori[sz]ed|authentication (?:failed|required)|api ?key is on another chain|not enabled for this app|^forbidden/,
    ),
  },
  {
    verdict: 'rate_limited',
    wording: any(
      /too many requests|rate.?limit|request limit reached|requests? limited to|credits limited to/,
      /requests per (?:second|minute|day)|(?:exceeded|reached) .{0,60}(?:quota|capacity|compute units|free tier|throughput)/,
      /limit for your (?:current )?plan|monthly (?:capacity )?limit|daily (?:request|limit)|out of (?:cups|credits)/,
      /credits? (?:exhausted|exceeded)|quota exceeded|capacity (?:limit )?exceeded|under too much load/,
      /(?<!gas )limit exceeded/,
    ),
  },
  {
    // A call that outlives the node's limit is heavy; the node is not ill, and another may allow it longer.
    verdict: 'unclassified',
    wording: /execution aborted \(timeout|(?:execution|evm|evaluation|tracing) timeout|canceled due to enabled timeout/,
  },
  { verdict: 'timeout', wording: /timed? ?-?out|deadline exceeded/ },
  {
    verdict: 'unsupported',
    wording: any(
      /method .{0,80}(?:not (?:found|supported|available|allowed|enabled|implemented|whitelisted)|does not exist)/,
      /method (?:.{0,80}is )?(?:disabled|blocked)|(?:unsupported|unknown|unrecognized|disallowed) method|not whitelisted/,
      /module .{0,60}(?:disabled|not enabled)|namespace .{0,60}(?:disabled|not enabled)|rpc endpoint not implemented/,
      /not allowed to access method|request is not implemented|api is not available|not included in your .{0,20}plan/,
      /not (?:available|supported) (?:on|in|for) .{0,30}(?:tier|plan)|upgrade .{0,60}(?:plan|tier|account)|paid (?:plan|tier)/,
      /js tracer is not enabled|unsupported tracer/,
    ),
  },
  {
    verdict: 'overloaded',
    wording: any(
      /server (?:is )?(?:too )?busy|overloaded|too many (?:concurrent|open|active|pending) |concurrency limit/,
      /temporar(?:ily unavailable|y internal error)|service unavailable|try again later|resource exhausted|queue is full|cannot allocate/,
      /no server available|no available (?:upstream|node|server)|no healthy upstream|can't route your request/,
    ),
  },
  {
    verdict: 'transport',
    wording: any(
      /upstream connect error|connection (?:refused|reset|closed)|connect: |dial tcp|broken pipe|bad gateway/,
      /failed to connect|network is disabled|^<(?:!doctype|html)/,
    ),
  },
  {
    // Some nodes of one client, and older ones, do not take a block's hash where newer ones do.
    verdict: 'unclassified',
    wording: /invalid type: map|cannot unmarshal object into go .{0,40}blocknumber/,
  },
  {
    verdict: 'missing_data',
    wording: any(
      /missing trie node|trie does not|\bprun(?:e|ed|ing)\b|ancient block|\b(?:earliest|lowest|oldest|first) available/,
      /historical (?:state|data|backend)|history (?:is )?(?:unavailable|not available)|no historical|lowest height/,
      /no state (?:available|found)|state (?:\S{1,70} )?(?:is )?(?:not available|unavailable|not found)|world ?state|state corrupt/,
      /required data unavailable|requested data is not available|data is not available|maximum proof window|requested block is too old/,
      /metadata is not found|proofs (?:are )?not (?:available|supported)|invalid block range .{0,20}code=40000|chainexception: unexpected error/,
    ),
  },
  {
    verdict: 'not_yet',
    wording: any(
      /\b(?:block|blocks|header|parent|hash)\b.{0,100}(?:not found|cannot be found|could not be found|not available)/,
      /(?:cannot|can't|could not|couldn't|failed to) (?:find|get|load|fetch) .{0,40}\b(?:block|header|parent)/,
      /^\S{1,70} could not be found|unknown (?:block|ancestor|header)|resource not found|block not available/,
      /beyond (?:the )?(?:current )?head|blockoutofrange|invalid block tag .{0,90}latest block number/,
      /greater than (?:the )?(?:latest|head|current)|must be less than or equal|height is not available|height passed is invalid/,
      /after last accepted block|cannot query unfinalized|not currently canonical|in the future|future block/,
      /(?:pending|safe|finalized) (?:block|state) (?:is )?not|transaction indexing is in progress|still (?:in progress|syncing)/,
      /expect block number from id|malformed blocknumber|genesis is not traceable|no header/,
    ),
  },
  {
    // A trace of a transaction that this node has not seen mined.
    verdict: 'not_yet',
    methods: /^(?:trace|debug|ots)_/,
    wording: /transaction .{0,80}not found|cannot find transaction/,
  },
  {
    verdict: 'refused',
    wording: any(
      /^(?:invalid|missing) (?:\d+(?:st|nd|rd|th) )?(?:argument|params?|parameters?|value|input|address|hex|topic|block range)/,
      /^(?:end \(\d+\) < begin|non-array args|too many arguments|bad request input|couldn't parse parameters|cannot specify both)/,
      /cannot unmarshal|hex string|exceed max (?:addresses|topics)|both gasprice and|filter not found/,
      /insufficient (?:funds|balance)|nonce too (?:low|high)|fee per gas|gas limit (?:is )?too high/,
    ),
  },
];
