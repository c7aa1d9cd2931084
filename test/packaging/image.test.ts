import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfigFile } from '../../src/config/load.ts';
import { root, runCommand } from '../support/run-command.ts';

const read = (file: string) => readFileSync(join(root, file), 'utf8');

interface Stage {
  readonly name: string;
  readonly from: string;
  /** Each instruction with its words, continuation lines joined. */
  readonly lines: readonly string[];
}

const stages: readonly Stage[] = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split(/^(?=FROM )/m)
  .slice(1)
  .map((text) => {
    const [first = '', ...lines] = text.split('\n').filter((line) => line !== '');
    const [, from = '', , name = ''] = first.split(' ');
    return { name, from, lines };
  });

const final = stages.at(-1);
const instruction = (word: string) =>
  final?.lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? '';

describe('the image', () => {
  it('is built on the Node that the package asks for, from stages that exist', () => {
    const major = JSON.parse(read('package.json')).engines.node.replace(/\D/g, '');
    expect(read('Dockerfile')).toContain(`ARG NODE=node:${major}-slim`);
    const known = new Set(['${NODE}', ...stages.map(({ name }) => name)]);
    for (const { from } of stages) expect(known).toContain(from);
    for (const [, from = ''] of read('Dockerfile').matchAll(/--from=(\S+)/g)) expect(known).toContain(from);
  });

  it('copies only files that exist and that .dockerignore lets in', () => {
    const allowed = read('.dockerignore').match(/(?<=^!).+/gm) ?? [];
    const copied = stages
      .flatMap(({ lines }) => lines.filter((line) => /^COPY (?!--from)/.test(line)))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(copied).toContain('package-lock.json');
    for (const file of copied) {
      expect(existsSync(join(root, file)), file).toBe(true);
      expect(allowed).toContain(file);
    }
  });

  it('holds production packages only', () => {
    const modules = stages.find(({ name }) => name === 'modules');
    expect(modules?.lines.join('\n')).toMatch(/^RUN npm ci .*--omit=dev$/m);
    expect(final?.lines).toContain('COPY --from=modules /app/node_modules node_modules');
  });

  it('runs as a numeric user that is not root, without a shell between it and signals', () => {
    const [user] = instruction('USER').split(':');
    expect(Number(user)).toBeGreaterThan(0);
    expect(JSON.parse(instruction('ENTRYPOINT'))).toEqual(['node', '--enable-source-maps', 'dist/main.js']);
  });

  it('has a health check that knows what the instance was told, with a file and without', () => {
    expect(instruction('ENV')).toContain('HEADGATE_CONFIG=/etc/headgate/headgate.yaml');
    expect(instruction('CMD')).toBe('');
    expect(instruction('HEALTHCHECK')).toMatch(/CMD \["node", "dist\/main\.js", "healthcheck"\]$/);
  });

  it('binds both listeners to every address, and names their ports', () => {
    expect(instruction('ENV')).toContain('HEADGATE_HOST=0.0.0.0');
    expect(instruction('ENV')).toContain('HEADGATE_OPS_HOST=0.0.0.0');
    expect(instruction('EXPOSE')).toBe('8545 9545');
  });

  it('says the version of the package', () => {
    expect(instruction('LABEL')).toContain(`version="${JSON.parse(read('package.json')).version}"`);
  });
});

interface Service {
  readonly image?: string;
  readonly build?: { readonly target: string };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[];
}

const services: Readonly<Record<string, Service>> = parse(read('docker-compose.yml')).services;

describe('the compose file', () => {
  it('brings up nodes, gateway, Prometheus and Grafana', () => {
    expect(Object.keys(services)).toEqual(['devnet', 'headgate', 'prometheus', 'grafana']);
    for (const [name, { image, build, depends_on = [] }] of Object.entries(services)) {
      if (build === undefined) expect(image, name).toMatch(/^[\w/]+:v?\d/);
      else expect(stages.map((stage) => stage.name)).toContain(build.target);
      for (const other of depends_on) expect(services).toHaveProperty(other);
    }
  });

  it('opens ports to this machine only, and mounts only files that exist, read-only', () => {
    const all = Object.values(services);
    const ports = all.flatMap((service) => service.ports ?? []);
    expect(ports.map((port) => port.split(':')[1])).toEqual(['8545', '9545', '9090', '3000']);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    for (const volume of all.flatMap((service) => service.volumes ?? [])) {
      const [source = '', , mode] = volume.split(':');
      expect(existsSync(join(root, source)), source).toBe(true);
      expect(mode).toBe('ro');
    }
  });

  it('points the gateway at the ports that the devnet opens', () => {
    const devnet = stages.find(({ name }) => name === 'devnet');
    expect(devnet?.lines).toContain('EXPOSE 8545 8546 8547');
    expect(devnet?.lines).toContain('CMD ["node", "dist/devnet/run.js", "0.0.0.0", "8545"]');
    const { chains } = parse(read('deploy/compose/headgate.yaml'));
    const urls = chains[0].upstreams.map((upstream: { url: string }) => upstream.url);
    expect(urls).toEqual(['http://devnet:8545', 'http://devnet:8546', 'http://devnet:8547']);
  });

  it('gives the gateway a config that it takes', () => {
    const file = join(root, 'deploy/compose/headgate.yaml');
    const loaded = loadConfigFile(file, { env: {}, readFile: (path) => readFileSync(path, 'utf8') });
    expect(loaded).toMatchObject({ ok: true });
  });

  it('points Prometheus at the ops listener, and Grafana at Prometheus', () => {
    const { scrape_configs } = parse(read('deploy/prometheus/prometheus.yml'));
    expect(scrape_configs[0].static_configs[0].targets).toEqual(['headgate:9545']);
    const { datasources } = parse(read('deploy/grafana/provisioning/datasources/prometheus.yml'));
    expect(datasources[0]).toMatchObject({ uid: 'prometheus', url: 'http://prometheus:9090' });
  });

  it('has a Prometheus config that promtool accepts, where there is one', async ({ skip }) => {
    const file = join(root, 'deploy/prometheus/prometheus.yml');
    const checked = await runCommand('promtool', ['check', 'config', file]).catch(() => skip('no promtool here'));
    expect(checked.code, checked.stderr).toBe(0);
  });
});
