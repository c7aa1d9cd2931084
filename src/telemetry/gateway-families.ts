import { counter, type Family, gauge, histogram } from './exposition.ts';
import type { Gathering } from './gathering.ts';
import type { Picture } from './picture.ts';

/** The metrics of the published heads. */
export const headFamilies = ({ chains }: Gathering, picture: Picture): Family[] => {
  const heads = picture.chains.flatMap(({ name: chain, head }) =>
    head === undefined ? [] : [{ labels: { chain }, head }],
  );
  const counted = [...chains].map(([chain, counts]) => ({ labels: { chain }, counts }));
  return [
    gauge(
      'headgate_head',
      'Height of the published head',
      heads.map(({ labels, head }) => ({ labels, value: head.number })),
    ),
    gauge(
      'headgate_head_age_seconds',
      'Time since the published head moved',
      heads.map(({ labels, head }) => ({ labels, value: head.ageSeconds })),
    ),
    histogram(
      'headgate_head_delay_seconds',
      "Time from a block's first sighting to its publication",
      counted.map(({ labels, counts }) => ({ labels, reading: counts.headDelay.read() })),
    ),
    counter(
      'headgate_head_rewinds_total',
      'Times the published head was lowered because all its holders were gone',
      counted.map(({ labels, counts }) => ({ labels, value: counts.rewinds })),
    ),
    counter(
      'headgate_reorgs_total',
      'Reorganisations of the published branch',
      counted.map(({ labels, counts }) => ({ labels, value: counts.reorgs })),
    ),
    histogram(
      'headgate_reorg_depth',
      'Blocks undone by a reorganisation',
      counted.map(({ labels, counts }) => ({ labels, reading: counts.reorgDepth.read() })),
    ),
  ];
};

/** The metrics of the gateway itself. */
export const gatewayFamilies = (version: string, picture: Picture): Family[] => {
  const { chains, wsConnections, cacheBytes, lastReloadSuccessful = true } = picture;
  const one = (value: number | undefined) => (value === undefined ? [] : [{ labels: {}, value }]);
  return [
    gauge('headgate_build_info', 'The version that runs; always 1', [{ labels: { version }, value: 1 }]),
    gauge('headgate_ws_connections', 'Open WebSocket connections of clients', one(wsConnections)),
    gauge(
      'headgate_subscriptions',
      'Open subscriptions by type',
      chains.flatMap(({ name: chain, subscriptions }) =>
        [...(subscriptions ?? [])].map(([type, value]) => ({ labels: { chain, type }, value })),
      ),
    ),
    gauge('headgate_cache_bytes', 'Memory taken by cached answers', one(cacheBytes)),
    gauge(
      'headgate_config_last_reload_successful',
      '1 if the last reload of the config was taken over, 0 if it was refused',
      one(lastReloadSuccessful ? 1 : 0),
    ),
  ];
};
