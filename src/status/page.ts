import { createHash } from 'node:crypto';
import { pageMarkup } from './page-markup.ts';
import { pageScriptRender } from './page-script-render.ts';
import { pageScript } from './page-script.ts';
import { pageStyle } from './page-style.ts';

const script = `${pageScriptRender}${pageScript}`;

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='none' stroke='%233f6fb5' stroke-width='4' stroke-linecap='round'%3E%3Cpath d='M4 28V13a12 12 0 0 1 24 0v15M11 28V14a5 5 0 0 1 10 0v14'/%3E%3C/svg%3E";

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>headgate</title>
<link rel="icon" href="${icon}">
<style>${pageStyle}</style>
</head>
<body>${pageMarkup}<script>${script}</script>
</body>
</html>
`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * The status page: one HTML text that loads nothing but `/status`, and the content security policy that holds it to that. The
 * policy names the page's own script and style by hash, so that no markup which slipped in could run.
 */
export const statusPage: { readonly html: string; readonly policy: string } = {
  html,
  policy: [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(pageStyle)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};
