import type { StreamEvent } from './stream.ts';

const ID = Buffer.from('id: ');
const DATA = Buffer.from('\ndata: ');
const END = Buffer.from('\n\n');
const names = { head: Buffer.from('\nevent: head'), log: Buffer.from('\nevent: log') };

/** An event as a Server-Sent Event, whose id is the cursor. JSON as it comes has no line breaks outside of white space. */
export const serverSent = ({ kind, text }: StreamEvent, cursor: string): Buffer =>
  Buffer.concat([ID, Buffer.from(cursor), names[kind], DATA, onOneLine(text), END]);

/** Keeps a connection alive and its reader's cursor fresh, though nothing happened that it wants to know. */
export const heartbeat = (cursor: string | undefined): Buffer =>
  Buffer.from(cursor === undefined ? ': \n\n' : `: \nid: ${cursor}\n\n`);

const LINE_FEED = 0x0a;
const RETURN = 0x0d;

const onOneLine = (text: Buffer): Buffer =>
  text.includes(LINE_FEED) || text.includes(RETURN) ? Buffer.from(text.toString().replace(/[\r\n]/g, ' ')) : text;
