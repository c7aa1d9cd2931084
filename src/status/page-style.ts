/** The status page's style sheet: quiet by default, colour only for what a state means. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --back: #f6f6f4; --card: #fff; --ink: #1d1f21; --quiet: #6c7076; --line: #e4e4e0; --track: #ececea;
  --good: #2b8a5b; --fair: #b7791f; --poor: #c2413b; --idle: #8a8f98; --accent: #3f6fb5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #121416; --card: #191c1f; --ink: #e6e7e8; --quiet: #8f959c; --line: #2a2e32; --track: #272b2f;
    --good: #4fb583; --fair: #d6a04a; --poor: #e5736c; --idle: #767c84; --accent: #7ba5e0;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0 auto; max-width: 78rem; padding: 1.5rem 1.25rem 3rem; background: var(--back); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums;
}
code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
h1, h2, h3, p, dl, dd, ol { margin: 0; padding: 0; }
.quiet { color: var(--quiet); }
a { color: inherit; }

header { display: flex; align-items: center; gap: .75rem; margin-bottom: 1.25rem; }
header h1 { font-size: 1.15rem; font-weight: 650; letter-spacing: -.01em; margin-left: -.25rem; }
.mark { width: 1.5rem; height: 1.5rem; fill: none; stroke: var(--accent); stroke-width: 3; stroke-linecap: round; }
.link { margin-left: auto; color: var(--quiet); }
.link::before, .state::before {
  content: ""; display: inline-block; width: .55em; height: .55em; border-radius: 50%; margin-right: .45em;
  background: var(--tone, var(--idle)); vertical-align: .06em;
}
.link[data-link="live"] { --tone: var(--good); }
.link[data-link="lost"] { --tone: var(--poor); }
.lost {
  padding: .8rem 1rem; margin-bottom: 1.25rem; border-radius: 10px; color: var(--poor); font-weight: 550;
  background: color-mix(in srgb, var(--poor) 12%, var(--card)); border: 1px solid color-mix(in srgb, var(--poor) 35%, transparent);
}
body.stale main { opacity: .45; }

.chain, details { background: var(--card); border: 1px solid var(--line); border-radius: 12px; margin-bottom: 1.25rem; }
.top { display: flex; flex-wrap: wrap; gap: .75rem 2.5rem; align-items: flex-start; padding: 1.1rem 1.25rem .5rem; }
h2 { font-size: 1.05rem; font-weight: 600; }
h2 small { font-size: .85rem; font-weight: 400; margin-left: .25rem; }
.head { display: flex; flex-direction: column; }
.head strong { font-size: 1.6rem; line-height: 1.2; font-weight: 600; letter-spacing: -.015em; }
.head strong.none { font-size: 1.05rem; font-weight: 500; color: var(--quiet); }
.traffic { display: flex; gap: 2rem; margin-left: auto; text-align: right; }
.traffic dt { color: var(--quiet); }
.traffic dd { font-size: 1.1rem; font-weight: 550; }

.strip { display: flex; align-items: flex-end; gap: 2px; height: 1.9rem; padding: 0 1.25rem; margin: .15rem 0 .5rem; overflow: hidden; }
.strip:empty { display: none; }
.strip i { flex: 1; max-width: 1.1rem; min-height: 3px; border-radius: 2px 2px 0 0; background: var(--accent); opacity: .38; }
.strip i:last-child { opacity: 1; }
.strip i.undone { background: var(--poor); opacity: .8; }

.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-weight: 500; color: var(--quiet); font-size: .85rem; padding: .35rem .75rem; white-space: nowrap; }
td { padding: .6rem .75rem; border-top: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
th:first-child, td:first-child { padding-left: 1.25rem; }
th:last-child, td:last-child { padding-right: 1.25rem; }
.n { text-align: right; }
.who b { font-weight: 600; }
.client, .reason { display: block; font-size: .86rem; white-space: normal; overflow-wrap: anywhere; }
.client { max-width: 15rem; }
.what { min-width: 13rem; max-width: 24rem; white-space: normal; }
.tier { font-size: .75rem; color: var(--quiet); border: 1px solid var(--line); border-radius: 4px; padding: 0 .3rem; }
.tier:empty { display: none; }
.state { color: var(--tone, var(--idle)); font-weight: 550; white-space: nowrap; }
.state:empty { display: none; }
[data-state="healthy"] { --tone: var(--good); }
[data-state="lagging"], [data-state="syncing"], [data-state="stalled"], [data-state="isolated"], [data-state="limited"] { --tone: var(--fair); }
[data-state="down"], [data-state="forked"], [data-state="wrong_chain"], [data-state="reorg"], [data-state="rewind"] { --tone: var(--poor); }
.bar { display: inline-block; width: 4rem; height: .4rem; border-radius: .2rem; background: var(--track); overflow: hidden; vertical-align: .12em; margin-right: .4rem; }
.bar.lag { width: 6.5rem; }
.bar i { display: block; height: 100%; width: 0; border-radius: .2rem; background: var(--tone, var(--idle)); transition: width .4s ease; }
.behind { color: var(--tone); }

.lists { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem 2.5rem; padding: 1rem 1.25rem 1.1rem; border-top: 1px solid var(--line); }
h3 { font-size: .85rem; font-weight: 500; color: var(--quiet); margin-bottom: .4rem; }
ol { list-style: none; max-height: 14.5rem; overflow-y: auto; }
li { display: grid; grid-template-columns: 4.5rem 1fr; padding: .14rem 0; overflow-wrap: anywhere; }
li b { font-weight: 550; }
li b:empty { display: none; }
ol:empty::after { content: "none so far"; color: var(--quiet); }

details { padding: .8rem 1.25rem; }
summary { cursor: pointer; }
form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: flex-end; margin-top: .9rem; }
label { display: flex; flex-direction: column; gap: .2rem; color: var(--quiet); font-size: .85rem; }
.wide { flex: 1; min-width: 16rem; }
input, select, button { font: inherit; color: var(--ink); background: var(--back); border: 1px solid var(--line); border-radius: 7px; padding: .4rem .6rem; }
button { cursor: pointer; border-color: var(--accent); color: var(--accent); }
pre { overflow-x: auto; margin: .9rem 0 .2rem; font: .9em/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
footer { display: flex; gap: 1rem; padding: 0 .25rem; }

@media (max-width: 52rem) {
  body { padding: 1rem .75rem 2rem; }
  .traffic { margin-left: 0; text-align: left; width: 100%; justify-content: space-between; gap: 1rem; }
  thead { display: none; }
  tr { display: grid; grid-template-columns: repeat(5, 1fr); gap: .35rem .75rem; padding: .8rem 1.25rem; border-top: 1px solid var(--line); }
  td, td.n, td:first-child, td:last-child { padding: 0; border: 0; text-align: left; }
  .who, .what, td[data-label="score"], td[data-label="height"] { grid-column: 1 / -1; max-width: none; min-width: 0; }
  td[data-label]::before { content: attr(data-label); color: var(--quiet); display: block; font-size: .8rem; }
  td[data-label="score"]::before, td[data-label="height"]::before { display: inline-block; width: 3.6rem; }
  .lists { grid-template-columns: 1fr; }
}
@media (prefers-reduced-motion: reduce) { .bar i { transition: none; } }
`;
