import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { root } from '../support/run-command.ts';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string }[];
}

const dashboard: { readonly uid: string; readonly panels: readonly Panel[] } = JSON.parse(
  readFileSync(join(root, 'deploy/grafana/headgate.json'), 'utf8'),
);

const families = createMetrics({ version: '0.0.0' }, () => ({ chains: [], wsConnections: 0 })).families();
const series = new Set(
  families.flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);

describe('the Grafana dashboard', () => {
  it('asks only for metrics that exist', () => {
    for (const { title, targets } of dashboard.panels) {
      for (const { expr } of targets) {
        const names = expr.match(/\b(?:headgate|process)_\w+/g) ?? [];
        expect(names, title).not.toEqual([]);
        for (const name of names) expect(series, title).toContain(name);
      }
    }
  });

  it('has panels with ids of their own that do not overlap', () => {
    expect(new Set(dashboard.panels.map((panel) => panel.id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});
