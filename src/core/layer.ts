import type { Call } from './call.ts';
import type { Reply } from './reply.ts';

/** The spine: everything a call passes through has this shape. Never rejects for what a client or node did. */
export type Handle = (call: Call) => Promise<Reply>;

/** One concern on the walk: wraps what comes after it. */
export type Layer = (next: Handle) => Handle;
