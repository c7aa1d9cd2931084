import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { statusPage } from '../../src/status/page.ts';
import { RecentEvents } from '../../src/status/recent-events.ts';
import { statusReport } from '../../src/status/status-report.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { aCall, aReply } from '../telemetry/events.ts';
import { aChainView, aNodeView, anUpstream } from './views.ts';

const between = (start: string, end: string): string => {
  const [, rest = ''] = statusPage.html.split(start);
  return rest.slice(0, rest.indexOf(end));
};

const script = between('<script>', '</script>');

test('the policy allows the own script and style by their hashes, and nothing else but asking this origin', () => {
  const sha256 = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  expect(statusPage.policy.split('; ')).toEqual([
    "default-src 'none'",
    `script-src ${sha256(script)}`,
    `style-src ${sha256(between('<style>', '</style>'))}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]);
});

test('the page is one file: it loads nothing', () => {
  const withoutIcon = statusPage.html.replace(/<link rel="icon" href="data:[^"]*">/, '');
  expect(withoutIcon).not.toMatch(/<link|<script[^>]|<img|<iframe|@import|url\(|https?:/);
});

test('the page has no inline style or handler, which its policy would refuse', () => {
  expect(statusPage.html).not.toMatch(/\sstyle="|\son\w+="/);
});

test('the script is JavaScript that makes no markup out of text', () => {
  expect(() => new Script(script)).not.toThrow();
  expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b/);
});

test('every part that the script fills is in the markup, once in each template', () => {
  const parts = new Set([...script.matchAll(/parts\.(\w+)/g)].map(([, part]) => part));
  const marked = new Set([...statusPage.html.matchAll(/data-part="(\w+)"/g)].map(([, part]) => part));
  expect(marked).toEqual(parts);
});

/** The browser to look with, where there is one. */
const CHROMIUM = process.env['CHROMIUM'] ?? 'chromium';

const HOSTILE = '<img src=x onerror="document.title=1">';

const report = () => {
  const recent = new RecentEvents(new FakeClock());
  for (const number of [21_137_143, 21_137_144]) recent.headMoved('mainnet', number, `0x${'ab'.repeat(32)}`, 0, 5);
  recent.stateChanged('mainnet', 'geth-2', 'healthy', 'lagging', HOSTILE);
  recent.callEnded(aCall(HOSTILE), aReply(), 5000);
  const nodes = [
    aNodeView(anUpstream('geth-1', { latencyMs: 4 }), { head: 21_137_144 }),
    aNodeView(anUpstream(HOSTILE), {
      state: 'lagging',
      reason: HOSTILE,
      client: HOSTILE,
      head: 21_137_137,
      lag: 7,
      score: 0.3,
    }),
  ];
  const latest = { number: 21_137_144, hash: `0x${'ab'.repeat(32)}` };
  return statusReport({
    version: '1.2.3',
    startedAt: 1_700_000_000_000,
    now: 1_700_000_005_000,
    mask: (text) => text,
    chains: [
      {
        name: 'mainnet',
        id: 1n,
        view: aChainView(nodes, { latest, safe: undefined, finalized: undefined }),
        headAgeSeconds: 3,
      },
      { name: 'young', id: undefined, view: aChainView([]), headAgeSeconds: undefined },
    ],
    recent,
    cache: { size: 0, bytes: 0 },
  });
};

/** The page's document after a few seconds in a real browser, before a gateway that answers so many times. */
const inBrowser = async (answers: number): Promise<string> => {
  const server = createServer((request, response) => {
    if (request.url === '/') {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.setHeader('content-security-policy', statusPage.policy);
      response.end(statusPage.html);
    } else if (request.url === '/status' && answers-- > 0) response.end(JSON.stringify(report()));
    else request.socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const profile = await mkdtemp(join(tmpdir(), 'headgate-page-'));
  try {
    const quiet = [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--no-first-run',
    ];
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', ...quiet, `--user-data-dir=${profile}`];
    const seen = await promisify(execFile)(CHROMIUM, [...flags, '--virtual-time-budget=3500', '--dump-dom', url]);
    return seen.stdout;
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    server.closeAllConnections();
    server.close();
  }
};

const chromium = spawnSync(CHROMIUM, ['--version']).status === 0;

test.runIf(chromium)(
  'in a browser it shows chains, heads, upstreams and events, and what nodes say only as text',
  async () => {
    const seen = await inBrowser(Number.POSITIVE_INFINITY);
    const text = seen.replace(/<template[\s\S]*?<\/template>|<script[\s\S]*?<\/script>/g, '');
    for (const words of [
      '>live<',
      '>1.2.3<',
      '>mainnet<',
      '>chain 1<',
      '>geth-1<',
      '>Geth 1.16.2<',
      '>lagging<',
      '−7',
      '>5.0 s · 1 attempt · geth-1<',
      '>no head yet<',
    ]) {
      expect(text).toContain(words);
    }
    expect(text).toMatch(/>21.137.144</);
    expect(text).toContain('&lt;img src=x');
    expect(text).not.toContain('<img');
    expect(text).toContain('<title>headgate</title>');
    expect(text).toMatch(/id="lost"[^>]*hidden/);
  },
);

test.runIf(chromium)(
  'in a browser it says so when the gateway cannot be reached, and keeps what it last heard',
  async () => {
    const seen = await inBrowser(1);
    expect(seen).toContain('>no answer<');
    expect(seen).toMatch(
      /id="lost"(?![^>]*hidden)[^>]*>The gateway cannot be reached: no connection\. What is shown is what it said/,
    );
    expect(seen).toContain('<body class="stale">');
    expect(seen).toContain('>geth-1<');
  },
);

test.runIf(chromium)('in a browser it says so when it never reached the gateway', async () => {
  const seen = await inBrowser(0);
  expect(seen).toMatch(/>The gateway cannot be reached: no connection\. Trying again every second\.</);
});
