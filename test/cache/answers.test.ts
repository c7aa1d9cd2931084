import { describe, expect, it } from 'vitest';
import { Answers, type Lasting } from '../../src/cache/answers.ts';
import { identify } from '../../src/cache/cache-key.ts';
import { MemoryStore } from '../../src/cache/memory-store.ts';
import type { BlockId, Call } from '../../src/core/call.ts';
import { faultReply, localReply, type Reply, type ReplyInfo } from '../../src/core/reply.ts';
import { gatewayError } from '../../src/jsonrpc/errors.ts';
import { hashOf, ScriptedBranch } from './chain.ts';

const receiptAt = ({ number, hash }: BlockId): string =>
  JSON.stringify({ status: '0x1', blockHash: hash, blockNumber: `0x${number.toString(16)}` });

const keeping = (branch = new ScriptedBranch(1000)) => {
  const store = new MemoryStore({ memory: 1024 * 1024 });
  const answers = new Answers('mainnet', branch, store);
  const identityOf = (call: Call): Lasting => {
    const identity = identify(call, branch.view, 0);
    if (identity === undefined || identity.kind === 'passing') throw new Error('nothing that may be kept');
    return identity;
  };
  return {
    branch,
    store,
    answers,
    keep: (call: Call, result: string, info: Partial<ReplyInfo> = {}) =>
      answers.keep(
        identityOf(call),
        localReply(Buffer.from(result), { source: 'miss', upstream: 'a', ...info }),
        answers.age,
      ),
    identityOf,
    read: (call: Call) => answers.read(identityOf(call))?.result.toString(),
  };
};

const receipt = (branch: ScriptedBranch, n = 1): Call => branch.call('eth_getTransactionReceipt', [hashOf(n, 'tx')]);

describe('what is kept of nodes’ answers', () => {
  it('is what was read at a block', () => {
    const { branch, keep, read } = keeping();
    const call = branch.pinned('eth_call', [{}]);
    keep(call, '"0x2a"');
    expect(read(branch.pinned('eth_call', [{}, '0x3e8']))).toBe('"0x2a"');
    branch.grow();
    expect(read(branch.pinned('eth_call', [{}]))).toBeUndefined();
    expect(read(branch.pinned('eth_call', [{}], 1000))).toBe('"0x2a"');
  });

  it.each(['null', '[]', '{}', '""'])('is never %s near the head', (empty) => {
    const { branch, keep, read } = keeping();
    const near = branch.pinned('eth_getBlockReceipts', ['latest']);
    keep(near, empty);
    expect(read(near)).toBeUndefined();
    const old = branch.pinned('eth_getBlockReceipts', ['0x320'], 800);
    keep(old, empty);
    expect(read(old)).toBe(empty === 'null' ? undefined : empty);
  });

  it('is no error, and nothing that was read at an orphaned block', () => {
    const { branch, answers, identityOf, keep, read } = keeping();
    const call = branch.pinned('eth_call', [{}]);
    const refused: Reply = {
      ok: false,
      error: { code: 3, message: 'execution reverted' },
      raw: Buffer.from('{}'),
      reason: undefined,
      retryAfter: undefined,
      info: localReply(Buffer.from('')).info,
    };
    answers.keep(identityOf(call), refused, answers.age);
    answers.keep(identityOf(call), faultReply(gatewayError('timeout', '')), answers.age);
    keep(call, '"0x1"', { orphaned: true });
    expect(read(call)).toBeUndefined();
  });

  it('is nothing that was given up before it came, so that nobody else is told either', () => {
    const { branch, answers, store, identityOf, read } = keeping();
    const call = branch.pinned('eth_call', [{}]);
    const askedAt = answers.age;
    const reply = localReply(Buffer.from('"0x1"'), { source: 'miss', upstream: 'a' });
    store.forget('a');
    expect(answers.keep(identityOf(call), reply, askedAt)).toBeUndefined();
    expect(read(call)).toBeUndefined();
    store.clear();
    expect(answers.keep(identityOf(call), reply, askedAt)).toBeUndefined();
    expect(answers.keep(identityOf(call), reply, answers.age)).toBeDefined();
  });

  it('is nothing empty that another replica took for final, until it is so here', () => {
    const { branch, answers, identityOf } = keeping();
    const empty = { result: Buffer.from('[]'), upstream: 'a', askedAt: 0, block: undefined, settled: false };
    const near = identityOf(branch.pinned('eth_getBlockReceipts', ['0x3e7'], 999));
    expect(answers.put(near, empty)).toBeUndefined();
    expect(answers.put(near, { ...empty, result: Buffer.from('[1]') })).toBeDefined();
    expect(answers.put(identityOf(branch.pinned('eth_getBlockReceipts', ['0x1'], 800)), empty)).toBeDefined();
  });

  it('is nothing that was read at a block which went and came back, also where it came late', () => {
    const { branch, answers, identityOf, keep, read } = keeping();
    const call = branch.pinned('eth_call', [{}]);
    const late = branch.pinned('eth_getBalance', ['0xa']);
    keep(call, '"0x1"');
    keep(receipt(branch), receiptAt(branch.at(1000)));
    answers.undone(branch.at(1000).hash);
    branch.reorganise(1000, 'other');
    branch.reorganise(1000, 'main');
    keep(late, '"0x2"');
    const elsewhere = { upstream: 'a', askedAt: answers.age, settled: true };
    expect(
      answers.put(identityOf(late), { ...elsewhere, result: Buffer.from('"0x3"'), block: undefined }),
    ).toBeUndefined();
    expect([read(call), read(late), read(receipt(branch))]).toEqual([undefined, undefined, undefined]);
    expect(keep(receipt(branch), receiptAt(branch.at(1000)))).toBeUndefined();
  });

  it('is apart for each chain', () => {
    const { branch, store, keep, identityOf } = keeping();
    const call = branch.pinned('eth_call', [{}]);
    keep(call, '"0x1"');
    expect(new Answers('other', branch, store).read(identityOf(call))).toBeUndefined();
  });

  it('is forgotten when the chain turns out to be another one, and not taken in when it comes late', () => {
    const { branch, answers, identityOf, keep, read } = keeping();
    const call = branch.call('eth_getBalance', ['0xa', '0x10']);
    keep(call, '"0x1"');
    expect(read(call)).toBe('"0x1"');
    const askedAt = answers.age;
    answers.startOver();
    expect(read(call)).toBeUndefined();
    const late = localReply(Buffer.from('"0x1"'), { source: 'miss', upstream: 'a' });
    expect(answers.keep(identityOf(call), late, askedAt)).toBeUndefined();
    expect(read(call)).toBeUndefined();
    keep(call, '"0x2"');
    expect(read(call)).toBe('"0x2"');
  });
});

describe('a transaction’s answer', () => {
  it('is kept for as long as its block stands, and is gone with it for good', () => {
    const { branch, keep, read } = keeping();
    const first = branch.at(999);
    keep(receipt(branch), receiptAt(first));
    branch.grow(10);
    expect(read(receipt(branch))).toBe(receiptAt(first));
    branch.reorganise(990, 'other');
    expect(read(receipt(branch))).toBeUndefined();
    keep(receipt(branch), receiptAt(branch.at(1005)));
    expect(read(receipt(branch))).toBe(receiptAt(branch.at(1005)));
  });

  it('does not come back when its orphaned block is old enough to be forgotten', () => {
    const { branch, keep, read } = keeping();
    keep(receipt(branch), receiptAt(branch.at(999)));
    branch.reorganise(990, 'other');
    branch.grow(1000);
    expect(branch.view.canonical(hashOf(999))).toBe(true);
    expect(read(receipt(branch))).toBeUndefined();
  });

  it('lasts beyond what the chain remembers once it was read as final', () => {
    const { branch, keep, read } = keeping();
    keep(receipt(branch, 1), receiptAt(branch.at(999)));
    keep(receipt(branch, 2), receiptAt(branch.at(999)));
    branch.grow(100);
    expect(read(receipt(branch, 1))).toBeDefined();
    branch.grow(1000);
    expect(read(receipt(branch, 1))).toBeDefined();
    expect(read(receipt(branch, 2))).toBeUndefined();
  });

  it('is taken at its word for a block that nobody remembers only below the final one', () => {
    const { branch, keep, read } = keeping();
    keep(receipt(branch, 1), receiptAt({ number: 10, hash: hashOf(10) }));
    expect(read(receipt(branch, 1))).toBeDefined();
    const stuck = keeping(new ScriptedBranch(1000, { finality: 10_000 }));
    stuck.keep(receipt(stuck.branch, 1), receiptAt({ number: 10, hash: hashOf(10) }));
    expect(stuck.read(receipt(stuck.branch, 1))).toBeUndefined();
  });

  it.each([
    ['comes late, of a block that is orphaned by now', { number: 999, hash: hashOf(999, 'orphaned') }],
    ['is of a block that is not published yet', { number: 1001, hash: hashOf(1001) }],
  ])('is not kept where it %s', (_what, block) => {
    const { branch, keep, read } = keeping();
    expect(keep(receipt(branch), receiptAt(block))).toBeUndefined();
    expect(read(receipt(branch))).toBeUndefined();
    branch.grow();
    expect(read(receipt(branch))).toBeUndefined();
  });

  it.each(['null', '{"blockHash":null,"blockNumber":null}', '"0xf86b"'])('is not kept where it is %s', (result) => {
    const { branch, keep, read } = keeping();
    keep(receipt(branch), result);
    expect(read(receipt(branch))).toBeUndefined();
  });

  it('of another replica is not taken while its block is above the own head, though it was final there', () => {
    const { branch, answers, identityOf, read } = keeping();
    const ahead = { number: 1100, hash: hashOf(1100) };
    const told = { result: Buffer.from(receiptAt(ahead)), upstream: 'a', askedAt: 0, block: ahead, settled: true };
    expect(answers.put(identityOf(receipt(branch)), told)).toBeUndefined();
    expect(read(receipt(branch))).toBeUndefined();
    branch.grow(1000);
    expect(answers.put(identityOf(receipt(branch)), told)).toBeDefined();
  });

  it('of another replica is taken where its block is on the own branch', () => {
    const { branch, answers, identityOf, read } = keeping();
    const told = (block: BlockId) => ({
      result: Buffer.from(receiptAt(block)),
      upstream: 'a',
      askedAt: answers.age,
      block,
      settled: false,
    });
    expect(
      answers.put(identityOf(receipt(branch, 1)), told({ number: 999, hash: hashOf(999, 'other') })),
    ).toBeUndefined();
    expect(answers.put(identityOf(receipt(branch, 2)), told(branch.at(999)))).toBeDefined();
    expect(read(receipt(branch, 1))).toBeUndefined();
    expect(read(receipt(branch, 2))).toBeDefined();
  });
});
