import type { MethodSpec } from './method-spec.ts';
import { methodTable } from './method-table.ts';

export type { MethodSpec, Need } from './method-spec.ts';

const unknown: MethodSpec = {
  name: '',
  known: false,
  block: { kind: 'none' },
  atHead: false,
  write: false,
  idempotent: false,
  cacheable: false,
  lookup: false,
  costly: false,
  heavy: false,
  need: 'nothing',
  units: 1,
};

/** Namespaces whose methods change a node, whatever they are called. */
const writing = /^(?:admin|personal|miner|engine|anvil|hardhat|evm|perm|signer|raft)_/;

/** Methods, known or not, that hand a transaction over or take one back: who is not to have transactions gets none of these. */
export const sending = /^[a-z]+_(?:send|cancel(?:Private|Bundle))|^eth_resend$|^parity_postTransaction$/;

/** The table's row for a method; for an unknown one a careful guess: forwarded, never repeated, never stored. */
export const methodSpec = (name: string): MethodSpec =>
  methodTable.get(name) ?? { ...unknown, name, write: writing.test(name) };
