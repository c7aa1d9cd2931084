import { describe, expect, it } from 'vitest';
import { Ballot, type Statement } from '../../src/router/ballot.ts';

const answered = (text: string): Statement => ({ kind: 'answered', result: Buffer.from(text), latencyMs: 1 });
const refused = (code: number, message: string, data?: unknown): Statement => ({
  kind: 'refused',
  error: { code, message, data },
  raw: Buffer.from('{}'),
  latencyMs: 1,
});

describe('Ballot', () => {
  it('puts those together who say the same, the most first', () => {
    const ballot = new Ballot();
    ballot.cast('a', answered('"0x1"'));
    ballot.cast('b', answered('{"x":1,"y":"0xA"}'));
    ballot.cast('c', answered('{"y":"0xa","x":1}'));
    expect(ballot.opinions.map(({ kind, upstreams }) => [kind, ...upstreams])).toEqual([
      ['result', 'b', 'c'],
      ['result', 'a'],
    ]);
    expect(ballot.opinions[0]?.statement).toMatchObject({ result: Buffer.from('{"x":1,"y":"0xA"}') });
  });

  it('counts each node once', () => {
    const ballot = new Ballot();
    ballot.cast('a', answered('1'));
    ballot.cast('a', answered('1'));
    ballot.cast('a', answered('2'));
    expect(ballot.size).toBe(1);
    expect(ballot.opinions[0]?.upstreams).toEqual(['a']);
  });

  it('takes errors for the same whatever their words and codes, but not with another reason of the revert', () => {
    const ballot = new Ballot();
    ballot.cast('geth', refused(3, 'execution reverted', '0x08c379a0AA'));
    ballot.cast('parity', refused(-32015, 'VM execution error.', 'Reverted 0x08c379a0aa'));
    ballot.cast('liar', refused(3, 'execution reverted', '0x08c379a0bb'));
    ballot.cast('terse', refused(-32000, 'out of gas'));
    expect(ballot.opinions.map(({ upstreams }) => upstreams)).toEqual([['geth', 'parity'], ['liar'], ['terse']]);
  });

  it('keeps an error, a null and a result apart', () => {
    const ballot = new Ballot();
    ballot.cast('a', answered('null'));
    ballot.cast('b', refused(-32000, 'no', ''));
    ballot.cast('c', answered('""'));
    expect(ballot.opinions.map(({ kind }) => kind)).toEqual(['null', 'error', 'result']);
  });

  it('takes no answer that cannot be compared', () => {
    const ballot = new Ballot();
    expect(ballot.cast('a', answered('['.repeat(500) + ']'.repeat(500)))).toBeUndefined();
    expect(ballot.size).toBe(0);
  });
});
