/**
 * The half of the status page's script that turns a report into elements. Everything that comes out of a report is set as
 * text, never as markup: nodes choose their own names and words.
 */
export const pageScriptRender = String.raw`
'use strict';

const byId = (id) => document.getElementById(id);

const say = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

/** A copy of a template's only element, with its named parts at hand. */
const copyOf = (id) => {
  const node = byId(id).content.firstElementChild.cloneNode(true);
  node.parts = {};
  for (const part of node.querySelectorAll('[data-part]')) node.parts[part.dataset.part] = part;
  return node;
};

/** Makes the children of parent those of the items, in order; an item keeps its element as long as it keeps its key. */
const list = (parent, items, keyOf, make, fill) => {
  const left = new Map([...parent.children].map((node) => [node.key, node]));
  items.forEach((item, index) => {
    const key = keyOf(item, index);
    const node = left.get(key) ?? make();
    left.delete(key);
    node.key = key;
    fill(node, item);
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
  for (const node of left.values()) node.remove();
};

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, '\u2009');
const shortHash = (hash) => hash.slice(0, 10) + '…' + hash.slice(-4);
const share = (part, whole) => (whole > 0 ? Math.round((100 * part) / whole) + ' %' : '–');
const millis = (ms) => (ms === null ? '–' : ms >= 1000 ? (ms / 1000).toFixed(1) + ' s' : ms >= 10 ? Math.round(ms) + ' ms' : ms.toFixed(1) + ' ms');
/** 'Geth/v1.16.2-stable-8dc16c86/linux-amd64/go1.24.4' is Geth 1.16.2 to a reader. */
const clientName = (text) => {
  const [name, ...rest] = text.split('/');
  const version = rest.map((part) => /^v?(\d+(?:\.\d+)+)/.exec(part)?.[1]).find(Boolean);
  return version === undefined ? text : name + ' ' + version;
};

const words = (state) => state.replaceAll('_', ' ');

const span = (seconds) => {
  if (seconds < 60) return Math.floor(seconds) + ' s';
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min ' + Math.floor(seconds % 60) + ' s';
  if (seconds < 86400) return Math.floor(seconds / 3600) + ' h ' + Math.floor((seconds % 3600) / 60) + ' min';
  return Math.floor(seconds / 86400) + ' d ' + Math.floor((seconds % 86400) / 3600) + ' h';
};

const briefAge = (seconds) => {
  if (seconds < 1) return 'now';
  if (seconds < 100) return Math.floor(seconds) + ' s';
  if (seconds < 6000) return Math.floor(seconds / 60) + ' min';
  return seconds < 172800 ? Math.floor(seconds / 3600) + ' h' : Math.floor(seconds / 86400) + ' d';
};

const secondsBetween = (from, to) => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);

const renderChain = (node, chain, time, before) => {
  const { parts } = node;
  const { head } = chain;
  say(parts.name, chain.name);
  say(parts.id, chain.id === null ? 'chain id not known yet' : 'chain ' + chain.id);
  const tags = [['safe', chain.safe], ['finalized', chain.finalized]].filter(([, height]) => height !== null);
  say(parts.tags, tags.map(([tag, height]) => tag + ' ' + grouped(height)).join(' · '));
  say(parts.number, head === null ? 'no head yet' : grouped(head.number));
  parts.number.className = head === null ? 'none' : '';
  say(parts.hash, head === null ? '' : shortHash(head.hash));
  parts.hash.title = head === null ? '' : head.hash;
  node.head = head;
  renderTraffic(parts, chain, time, before);
  renderBlocks(parts.blocks, chain.recentBlocks ?? [], time);
  renderUpstreams(parts.upstreams, chain, before?.chain);
  renderEvents(parts.events, chain.events ?? [], time);
  renderCalls(parts.calls, chain.slowCalls ?? [], time);
};

/** Rates come from what two reports counted; the older one is up to half a minute old. */
const renderTraffic = (parts, chain, time, before) => {
  const now = chain.traffic ?? { calls: 0, saved: 0, failed: 0 };
  const seconds = before === undefined ? 0 : secondsBetween(before.time, time);
  const rate = seconds > 0 ? (now.calls - before.chain.traffic.calls) / seconds : undefined;
  say(parts.rate, rate === undefined ? '–' : rate < 10 ? rate.toFixed(1) : grouped(Math.round(rate)));
  say(parts.saved, share(now.saved, now.calls));
  say(parts.failed, grouped(now.failed));
};

/** Oldest first, each bar as high as the time since the block before it. */
const renderBlocks = (strip, newestFirst, time) => {
  const blocks = newestFirst.toReversed().map((block, index, all) => ({
    ...block,
    gap: index === 0 ? undefined : secondsBetween(all[index - 1].at, block.at),
  }));
  const longest = Math.max(0.001, ...blocks.map(({ gap }) => gap ?? 0));
  const make = () => document.createElement('i');
  list(strip, blocks, ({ hash, at }) => hash + at, make, (bar, { number, hash, gap, at, undone }) => {
    bar.className = undone ? 'undone' : '';
    bar.style.height = Math.round((100 * (gap ?? longest / 2)) / longest) + '%';
    const after = gap === undefined ? '' : ', ' + gap.toFixed(1) + ' s after the one before';
    bar.title = grouped(number) + ' ' + shortHash(hash) + (undone ? ', undone' : '') + after + ', ' + briefAge(secondsBetween(at, time)) + ' ago';
  });
};

const renderUpstreams = (body, chain, before) => {
  const { upstreams } = chain;
  const tiers = new Set(upstreams.map(({ tier }) => tier)).size > 1;
  const depth = Math.max(10, ...upstreams.map(({ lag }) => lag ?? 0));
  const earlier = new Map((before?.upstreams ?? []).map(({ name, attempts }) => [name, attempts]));
  const asked = ({ name, attempts }) => Math.max(0, attempts - (earlier.get(name) ?? 0));
  const all = upstreams.reduce((sum, upstream) => sum + asked(upstream), 0);
  list(body, upstreams, ({ name }) => name, () => copyOf('upstream'), (row, upstream) => {
    const { parts } = row;
    row.dataset.state = upstream.state;
    say(parts.name, upstream.name);
    say(parts.tier, tiers ? 'tier ' + upstream.tier : '');
    say(parts.client, clientName(upstream.client));
    parts.client.title = upstream.client;
    say(parts.state, words(upstream.state));
    say(parts.reason, upstream.reason);
    parts.scoreBar.style.width = Math.round(upstream.score * 100) + '%';
    say(parts.score, upstream.score.toFixed(2));
    const { head, lag } = upstream;
    parts.lagBar.style.width = (lag === null ? 0 : 100 * (1 - lag / (depth * 1.05))) + '%';
    say(parts.head, head === null ? '–' : grouped(head));
    say(parts.lag, lag === null || lag === 0 ? '' : '−' + grouped(lag));
    say(parts.latency, millis(upstream.latencyMs));
    say(parts.errors, Math.round(100 * (upstream.errorRate ?? 0)) + ' %');
    say(parts.inflight, String(upstream.inflight));
    say(parts.peers, upstream.peers === null ? '–' : String(upstream.peers));
    say(parts.share, share(asked(upstream), all));
  });
};

const renderEvents = (parent, events, time) => {
  const key = ({ at, upstream, to, text }) => JSON.stringify([at, upstream, to, text]);
  list(parent, events, key, () => copyOf('event'), (node, { at, kind, upstream, to, text }) => {
    const { parts } = node;
    say(parts.when, briefAge(secondsBetween(at, time)));
    parts.when.title = at;
    parts.state.dataset.state = to ?? kind;
    say(parts.state, words(to ?? kind));
    say(parts.who, upstream ?? '');
    say(parts.text, text);
  });
};

const renderCalls = (parent, calls, time) => {
  const key = ({ at, method, ms }, index) => JSON.stringify([at, method, ms, calls.length - index]);
  list(parent, calls, key, () => copyOf('call'), (node, { at, method, outcome, ms, attempts, upstream }) => {
    const { parts } = node;
    say(parts.when, briefAge(secondsBetween(at, time)));
    parts.when.title = at;
    say(parts.method, method);
    say(parts.outcome, outcome);
    const tries = attempts === 1 ? '1 attempt' : attempts + ' attempts';
    say(parts.text, [millis(ms), tries, upstream].filter(Boolean).join(' · '));
  });
};
`;
