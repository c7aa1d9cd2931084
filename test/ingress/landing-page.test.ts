import fc from 'fast-check';
import { expect, test } from 'vitest';
import { landingPage } from '../../src/ingress/landing-page.ts';

test('tells what a wallet asks for: name, URL, chain id, and the WebSocket address', () => {
  const page = landingPage({ chain: 'mainnet', chainId: 1n, url: 'https://rpc.example/mainnet' });
  for (const words of [
    '<h1>mainnet</h1>',
    '<code>https://rpc.example/mainnet</code>',
    '1 (0x1)',
    'wss://rpc.example/mainnet',
    'curl https://rpc.example/mainnet ',
  ]) {
    expect(page).toContain(words);
  }
});

test('says so while no node has told the chain id', () => {
  expect(landingPage({ chain: 'mainnet', chainId: undefined, url: 'http://localhost:8545/' })).toContain(
    'not known yet',
  );
});

test('nothing that a request or a config holds becomes markup or a second shell word', () => {
  const hostile = fc.string({
    unit: fc.constantFrom('<', '>', '"', "'", '&', '`', '/', ' ', 'script', ';', '$(', '-->'),
  });
  const plain = landingPage({ chain: 'x', chainId: 1n, url: 'http://x' });
  const tags = (page: string) => page.match(/<[^>]*>/g);
  fc.assert(
    fc.property(hostile, hostile, (chain, url) => {
      const page = landingPage({ chain, chainId: 1n, url: `http://${url}` });
      expect(tags(page)).toEqual(tags(plain));
      expect(page).not.toMatch(/curl http:[^ ]*(?:;|\$|`)/);
    }),
  );
});

test('has no script and loads nothing', () => {
  expect(landingPage({ chain: 'x', chainId: 1n, url: 'http://x' })).not.toMatch(/<script|src=|href=|@import|url\(/);
});
