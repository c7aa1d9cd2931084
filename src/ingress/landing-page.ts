/** What a browser is told about an endpoint. */
export interface Landing {
  /** The chain's configured name. */
  readonly chain: string;
  /** Undefined while no node has told it. */
  readonly chainId: bigint | undefined;
  /** The endpoint's address as the browser knows it. */
  readonly url: string;
}

const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 12vh auto 4rem; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; font-weight: 600; margin: 0 0 .25rem; }
p { margin: 0 0 2rem; opacity: .8; }
h2 { font-size: .8rem; font-weight: 600; letter-spacing: .06em; text-transform: uppercase; opacity: .6; margin: 2rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.5rem; margin: 0; }
dt { opacity: .6; }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: .9em/1.5 ui-monospace, monospace; }
pre { padding: .75rem 1rem; border: 1px solid #8884; border-radius: 8px; overflow-x: auto; margin: 0; }
`;

/** The page for a browser that opens an endpoint: what it is, and how to point a wallet or a program at it. No script. */
export const landingPage = ({ chain, chainId, url }: Landing): string => {
  const id = chainId === undefined ? 'not known yet: no node has told it' : `${chainId} (0x${chainId.toString(16)})`;
  const curl = `curl ${shellQuoted(url)} -H 'content-type: application/json' \\
  -d '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escaped(chain)} · headgate</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(chain)}</h1>
<p>This is an Ethereum JSON-RPC endpoint, served by headgate. It takes calls by POST, and WebSocket connections at the same address.</p>
<h2>Add it to a wallet</h2>
<dl>
<dt>Network name</dt><dd><code>${escaped(chain)}</code></dd>
<dt>RPC URL</dt><dd><code>${escaped(url)}</code></dd>
<dt>Chain ID</dt><dd><code>${escaped(id)}</code></dd>
<dt>Currency symbol</dt><dd>the chain's own, such as <code>ETH</code></dd>
<dt>WebSocket</dt><dd><code>${escaped(url.replace(/^http/, 'ws'))}</code></dd>
</dl>
<h2>Try it</h2>
<pre>${escaped(curl)}</pre>
</body>
</html>
`;
};

/** Text that cannot end an element or an attribute. */
const escaped = (text: string): string => text.replaceAll(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);

/** One word of a shell, whatever is in it: the address comes out of the request. */
const shellQuoted = (text: string): string =>
  /^[\w:/.[\]%-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
