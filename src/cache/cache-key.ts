import { hash } from 'node:crypto';
import type { Call } from '../core/call.ts';
import { locate, rewrite, startsOpen } from '../ethereum/block-ref.ts';
import { type BranchView, isFinal } from './branch.ts';
import { canonicalParams } from './canonical-params.ts';

/**
 * What a call asks for, in a text that is the same only for calls which one answer serves.
 * - `lasting`: it names a block, or nothing that changes: the answer may be kept under `key`.
 * - `included`: it names a transaction. The answer may be kept for as long as the block that it names stands.
 * - `passing`: what it asks for changes: only calls under way at the same time share an answer.
 */
export type Identity =
  | {
      readonly kind: 'lasting';
      readonly key: string;
      readonly flight: string;
      /** No reorganisation can change the answer, so that an empty one is no haste. */
      readonly final: boolean;
      /** Hash of the block that it is pinned to; undefined where it is not. */
      readonly block?: string | undefined;
      /** Up to here a chain has to be the same one; undefined where the key itself names all blocks by hash. */
      readonly height?: number | undefined;
    }
  | { readonly kind: 'included'; readonly key: string; readonly flight: string }
  | { readonly kind: 'passing'; readonly flight: string };

/** Longer keys are told by their digest. */
const LONGEST = 256;

/** The characters that part a key never stand in what they part: a method of the table, a hash, a canonical text. */
const keyOf = (method: string, place: string, params: string): string => {
  const key = `${method}\n${place}\n${params}`;
  return key.length <= LONGEST ? key : `${method}\n${hash('sha256', key, 'base64url')}`;
};

/**
 * The identity of a call as it stands before the router: pinned, with the blocks of a log range as numbers. Undefined
 * where no other call may have its answer: what writes, what a node answers out of its own memory, and methods that
 * nothing is known of. `writes` is a count of what was written so far: a question that the writing might have changed is
 * another one after it.
 */
export const identify = (call: Call, view: BranchView, writes: number): Identity | undefined => {
  const { spec, method } = call;
  if (spec.write || !spec.idempotent) return undefined;
  const lasting = spec.cacheable && !spec.atHead ? lastingPlace(call, view) : undefined;
  if (lasting !== undefined) {
    const key = keyOf(method, lasting.place, lasting.params);
    return { kind: 'lasting', key, flight: key, final: lasting.final, block: call.pin?.hash, height: lasting.height };
  }
  const params = canonicalParams(call.params);
  const flight = keyOf(method, passingPlace(call, writes), params);
  if (!spec.cacheable || spec.block.kind !== 'transaction') return { kind: 'passing', flight };
  return { kind: 'included', key: keyOf(method, '', params), flight };
};

/** All that may tell two reads of the same words apart. */
const passingPlace = ({ pin, head, minBlock }: Call, writes: number): string =>
  `~${writes} ${minBlock ?? ''} ${head?.latest.hash ?? ''} ${pin?.hash ?? ''}`;

interface Place {
  /** The block, so that no two are taken for each other: `#` and its hash, or `@` where `params` name a final height. */
  readonly place: string;
  readonly params: string;
  readonly final: boolean;
  /** Where `params` name it. */
  readonly height?: number;
}

/** Undefined where the block is unknown, not certain to stay, or off the published branch, or clients read the call in different ways. */
const lastingPlace = (call: Call, view: BranchView): Place | undefined => {
  const { spec, pin, params } = call;
  const { block } = spec;
  if (block.kind === 'none') return { place: '', params: canonicalParams(params), final: true };
  if (block.kind === 'transaction' || startsOpen(spec, params)) return undefined;
  if (pin === undefined) return unpinned(call, view);
  const final = isFinal(view, pin.number);
  // Not `canonical`, which says yes to every block that it has forgotten.
  if ((view.hashAt(pin.number) ?? (final ? pin.hash : undefined)) !== pin.hash) return undefined;
  const at = { place: `#${pin.hash}`, final };
  if (block.kind === 'logs') return { ...at, params: canonicalParams(params) };
  if (block.kind !== 'tag' || block.field === undefined) return { ...at, params: canonicalParams(params, block.index) };
  // The block is one member of several: the others belong to the question.
  return { ...at, params: canonicalParams(rewrite(params, spec, pin, 'number')) };
};

/**
 * What was not pinned is read by every node as the client wrote it, so the words stay in the key as they are: clients
 * differ on what is written twice in an object.
 */
const unpinned = ({ spec, params }: Call, view: BranchView): Place | undefined => {
  const ref = locate(spec, params);
  const at = (height: number): Place | undefined =>
    isFinal(view, height) ? { place: '@', params: canonicalParams(params), final: true, height } : undefined;
  switch (ref.kind) {
    case 'tag':
      return ref.tag === 'earliest' ? at(0) : undefined;
    case 'number':
      return at(ref.number);
    case 'hash':
      if (ref.requireCanonical || !view.canonical(ref.hash)) return undefined;
      return spec.block.kind === 'hash'
        ? { place: `#${ref.hash}`, params: canonicalParams(params, spec.block.index), final: false }
        : { place: '#', params: canonicalParams(params), final: false };
    case 'logs': {
      const { blockHash, to } = ref;
      if (blockHash === undefined) return to.kind === 'number' ? at(to.number) : undefined;
      const number = view.numberOf(blockHash);
      if (!view.canonical(blockHash)) return undefined;
      return { place: '#', params: canonicalParams(params), final: number !== undefined && isFinal(view, number) };
    }
    default:
      return undefined;
  }
};
