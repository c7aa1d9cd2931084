/**
 * Lets clients follow a chain through a gateway while its nodes are broken, the chain is reorganised and the clients
 * themselves are cut off, and holds every event against the truth.
 * `node bench/soak-events.ts [--seed S] [--blocks B] [--faults F] [--clients C] [--block-ms M]
 * [--via gateway|node|balancer] [--no-cursors] [--side-by-side]`
 *
 * `--via` has the same clients go straight to the first node, or through a plain TCP balancer before all nodes.
 * `--side-by-side` runs all of it several times, with the same faults at the same blocks: through the gateway, through it
 * with clients who keep no cursors, straight at one node, and through the balancer.
 *
 * Ends with 1 where an event was missing, doubled, out of order, wrongly removed or made up, or was given up with words;
 * side by side, this concerns the first run alone.
 */
import { parseArgs } from 'node:util';
import { soakEvents, type EventSoakOptions } from './events/soak.ts';
import { faultKinds, figures, flawless, sideBySide } from './events/table.ts';
import { vias } from './events/way.ts';

const { values } = parseArgs({
  allowNegative: true,
  options: {
    seed: { type: 'string', default: '1' },
    blocks: { type: 'string', default: '1000' },
    faults: { type: 'string', default: '100' },
    clients: { type: 'string', default: '200' },
    'block-ms': { type: 'string', default: '50' },
    via: { type: 'string', default: 'gateway' },
    cursors: { type: 'boolean' },
    'side-by-side': { type: 'boolean', default: false },
  },
});

const via = vias.find((one) => one === values.via);
if (via === undefined) throw new Error(`--via is one of ${vias.join(', ')}`);

const options: EventSoakOptions = {
  seed: Number(values.seed),
  blocks: Number(values.blocks),
  faults: Number(values.faults),
  readers: Number(values.clients),
  blockMs: Number(values['block-ms']),
};

if (values['side-by-side']) {
  const streams = false;
  const gateway = await soakEvents({ ...options, streams });
  console.table(faultKinds(gateway));
  const columns = {
    gateway: figures(gateway),
    'gateway, no cursors': figures(await soakEvents({ ...options, streams, cursors: false })),
    'one node': figures(await soakEvents({ ...options, streams, via: 'node' })),
    'TCP balancer': figures(await soakEvents({ ...options, streams, via: 'balancer' })),
  };
  console.table(sideBySide(columns));
  if (!flawless(gateway)) process.exitCode = 1;
} else {
  const report = await soakEvents({
    ...options,
    via,
    ...(values.cursors === undefined ? {} : { cursors: values.cursors }),
    streams: via === 'gateway',
  });
  console.table(faultKinds(report));
  console.table({ seed: options.seed, blocks: report.blocks, clients: options.readers, ...figures(report) });
  for (const complaint of report.complaints) console.log(complaint);
  if (!flawless(report)) process.exitCode = 1;
}
