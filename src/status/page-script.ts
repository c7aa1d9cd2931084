/** The half of the status page's script that asks, keeps the ages ticking, and says when nobody answers. */
export const pageScript = String.raw`
const EVERY = 1000;
const PATIENCE = 5000;
/** Reports kept, so that rates are told over half a minute. */
const KEPT = 30;

const reports = [];
let heardAt = performance.now();
let asking = false;
let timer;

const setLink = (state, text) => {
  byId('link').dataset.link = state;
  say(byId('link'), text);
};

const show = (report) => {
  const last = reports.at(-1);
  // Counters that went back are those of another process.
  if (last !== undefined && last.uptimeSeconds > report.uptimeSeconds) reports.length = 0;
  const [oldest] = reports;
  reports.push(report);
  if (reports.length > KEPT) reports.shift();
  say(byId('version'), report.version);
  const main = byId('chains');
  const make = () => copyOf('chain');
  if (main.firstElementChild?.parts === undefined) main.replaceChildren();
  list(main, report.chains, ({ name }) => name, make, (node, chain) => {
    const earlier = oldest?.chains.find(({ name }) => name === chain.name);
    renderChain(node, chain, report.time, earlier && { chain: earlier, time: oldest.time });
  });
  const { chain: chooser } = byId('question').elements;
  list(chooser, report.chains, ({ name }) => name, () => document.createElement('option'), (option, { name }) => say(option, name));
  chooser.parentElement.hidden = report.chains.length < 2;
};

const tick = () => {
  const report = reports.at(-1);
  if (report === undefined) return;
  const silence = (performance.now() - heardAt) / 1000;
  say(byId('uptime'), 'up ' + span(report.uptimeSeconds + silence));
  for (const { parts, head } of byId('chains').children) {
    if (parts !== undefined) say(parts.age, head === null || head === undefined ? '' : briefAge(head.ageSeconds + silence).replace(/^(\d.*)$/, '$1 ago'));
  }
};

const lost = (why) => {
  const silence = briefAge((performance.now() - heardAt) / 1000);
  setLink('lost', 'no answer');
  document.body.classList.add('stale');
  const seen = reports.length === 0 ? '' : ' What is shown is what it said ' + silence + ' ago.';
  say(byId('lost'), 'The gateway cannot be reached: ' + why + '.' + seen + ' Trying again every second.');
  byId('lost').hidden = false;
};

const poll = async () => {
  if (asking || document.hidden) return;
  asking = true;
  clearTimeout(timer);
  try {
    const answer = await fetch('status', { signal: AbortSignal.timeout(PATIENCE), cache: 'no-store' });
    if (!answer.ok) throw new Error('it answered with status ' + answer.status);
    show(await answer.json());
    heardAt = performance.now();
    setLink('live', 'live');
    document.body.classList.remove('stale');
    byId('lost').hidden = true;
  } catch (error) {
    lost(error.name === 'TimeoutError' ? 'no answer in ' + PATIENCE / 1000 + ' s' : error instanceof TypeError ? 'no connection' : error.message);
  }
  asking = false;
  tick();
  if (!document.hidden) timer = setTimeout(poll, EVERY);
};

const explain = async (event) => {
  event.preventDefault();
  const answer = byId('answer');
  const query = new URLSearchParams(new FormData(byId('question')));
  if (byId('question').elements.chain.parentElement.hidden) query.delete('chain');
  try {
    const response = await fetch('explain?' + query, { signal: AbortSignal.timeout(PATIENCE) });
    say(answer, JSON.stringify(await response.json(), null, 2));
  } catch {
    say(answer, 'The gateway did not answer.');
  }
  answer.hidden = false;
};

document.addEventListener('visibilitychange', () => {
  clearTimeout(timer);
  if (document.hidden) setLink('wait', 'paused');
  else poll();
});
byId('question').addEventListener('submit', explain);
setInterval(() => document.hidden || tick(), 250);
poll();
`;
