import type { Outcome } from '../core/outcome.ts';
import { canonicalJson } from '../ethereum/canonical-json.ts';

/** What a node has to say on a question: an answer, or the client's own error. */
export type Statement = Extract<Outcome, { kind: 'answered' | 'refused' }>;

/** Nodes that say the same. */
export interface Opinion {
  /** What kind of answer it is; values are not told, for they may be large. */
  readonly kind: 'result' | 'null' | 'error';
  /** As the first of them said it. */
  readonly statement: Statement;
  /** Names, in the order in which they spoke. */
  readonly upstreams: string[];
}

interface Heard extends Opinion {
  /** Found out when it is needed: most answers are the same to the byte. */
  canonical: string | undefined;
}

const NULL = Buffer.from('null');

/** The statements of several nodes on one question, sorted by what they mean. */
export class Ballot {
  readonly #opinions: Heard[] = [];
  readonly #voters = new Set<string>();

  /** Nodes that have spoken. */
  get size(): number {
    return this.#voters.size;
  }

  /** The one with most nodes behind it comes first. */
  get opinions(): readonly Opinion[] {
    return this.#opinions.toSorted((a, b) => b.upstreams.length - a.upstreams.length);
  }

  has(upstream: string): boolean {
    return this.#voters.has(upstream);
  }

  /** Counts a node's first statement. Undefined for a further one, and for an answer that cannot be compared. */
  cast(upstream: string, statement: Statement): Opinion | undefined {
    if (this.#voters.has(upstream)) return undefined;
    const kind = kindOf(statement);
    const same = this.#opinions.find((opinion) => opinion.kind === kind && identical(opinion.statement, statement));
    const canonical = same === undefined ? meaningOf(statement) : undefined;
    if (same === undefined && canonical === undefined) return undefined;
    const opinion = same ?? this.#opinionOf(kind, statement, canonical);
    opinion.upstreams.push(upstream);
    this.#voters.add(upstream);
    return opinion;
  }

  #opinionOf(kind: Opinion['kind'], statement: Statement, canonical: string | undefined): Heard {
    const alike = this.#opinions.find((opinion) => {
      opinion.canonical ??= meaningOf(opinion.statement);
      return opinion.kind === kind && opinion.canonical === canonical;
    });
    if (alike !== undefined) return alike;
    const opinion: Heard = { kind, statement, upstreams: [], canonical };
    this.#opinions.push(opinion);
    return opinion;
  }
}

const kindOf = (statement: Statement): Opinion['kind'] => {
  if (statement.kind === 'refused') return 'error';
  return statement.result.equals(NULL) ? 'null' : 'result';
};

const identical = (one: Statement, other: Statement): boolean =>
  one.kind === 'answered' && other.kind === 'answered' && one.result.equals(other.result);

/**
 * Errors are worded differently by each client, and only what a contract gave as the reason of a revert is the same
 * everywhere. Parity writes "Reverted" before it.
 */
const meaningOf = (statement: Statement): string | undefined => {
  if (statement.kind === 'answered') return canonicalJson(statement.result);
  const { data } = statement.error;
  return typeof data === 'string' ? (/0x[0-9a-f]+$/i.exec(data)?.[0].toLowerCase() ?? '') : '';
};
