import { describe, expect, test } from 'vitest';
import { applyOverrides, type Command, helpText, resolve } from '../../src/commands/flags.ts';
import { configFromUrls } from '../../src/config/from-urls.ts';

type Env = Readonly<Record<string, string>>;

/** The command of a line of words. */
const of = (line: string, env: Env = {}): Command =>
  resolve(
    line.split(' ').filter((word) => word !== ''),
    env,
  );

const usage = (line: string, env: Env = {}): string => {
  const command = of(line, env);
  return command.kind === 'usage' ? command.message : `not refused: ${command.kind}`;
};

const overrides = (line: string, env: Env = {}) => {
  const command = of(`http://a ${line}`, env);
  return command.kind === 'run' ? command.overrides : command;
};

describe('what the words ask for', () => {
  test.each<readonly [string, Env, Command]>([
    [
      'http://a ws://b ipc:///c',
      {},
      { kind: 'run', source: { kind: 'urls', urls: ['http://a', 'ws://b', 'ipc:///c'] }, overrides: {} },
    ],
    ['-c h.yaml', {}, { kind: 'run', source: { kind: 'file', path: 'h.yaml' }, overrides: {} }],
    ['--config=h.yaml', {}, { kind: 'run', source: { kind: 'file', path: 'h.yaml' }, overrides: {} }],
    ['', { HEADGATE_CONFIG: 'h.yaml' }, { kind: 'run', source: { kind: 'file', path: 'h.yaml' }, overrides: {} }],
    [
      '-c b.yaml',
      { HEADGATE_CONFIG: 'a.yaml' },
      { kind: 'run', source: { kind: 'file', path: 'b.yaml' }, overrides: {} },
    ],
    [
      'http://a',
      { HEADGATE_CONFIG: 'h.yaml' },
      { kind: 'run', source: { kind: 'urls', urls: ['http://a'] }, overrides: {} },
    ],
    ['demo --port 0', { HEADGATE_CONFIG: 'h.yaml' }, { kind: 'demo', overrides: { port: 0 } }],
    ['check -c h.yaml', {}, { kind: 'check', file: 'h.yaml', online: false }],
    ['--online check', { HEADGATE_CONFIG: 'h.yaml' }, { kind: 'check', file: 'h.yaml', online: true }],
    [
      'init http://a http://b',
      { HEADGATE_CONFIG: 'h.yaml' },
      { kind: 'init', urls: ['http://a', 'http://b'], file: 'headgate.yaml' },
    ],
    ['init http://a -c other.yaml', {}, { kind: 'init', urls: ['http://a'], file: 'other.yaml' }],
    ['healthcheck', {}, { kind: 'healthcheck', file: undefined, named: false, overrides: {} }],
    [
      'healthcheck -c h.yaml --ops-port 1',
      {},
      { kind: 'healthcheck', file: 'h.yaml', named: true, overrides: { opsPort: 1 } },
    ],
    [
      'healthcheck',
      { HEADGATE_CONFIG: 'h.yaml' },
      { kind: 'healthcheck', file: 'h.yaml', named: false, overrides: {} },
    ],
    ['--version', {}, { kind: 'version' }],
    ['check -v', {}, { kind: 'version' }],
    ['--help', {}, { kind: 'help' }],
    ['-h --version nonsense', {}, { kind: 'help' }],
  ])('headgate %s %j', (line, env, command) => expect(of(line, env)).toEqual(command));
});

describe('words that cannot be understood are told what to type', () => {
  test.each([
    ['', 'No upstream named: headgate URL [URL...], headgate -c FILE, or headgate demo to look around'],
    ['check', 'No file named: headgate check -c FILE'],
    ['init', 'No upstream named: headgate init URL [URL...]'],
    ['http://a -c h.yaml', 'Both URLs and -c FILE: name the upstreams in the file, or leave -c away'],
    ['dmeo', '"dmeo" is neither a command nor a URL; did you mean demo?'],
    ['run', '"run" is neither a command nor a URL; headgate --help lists the commands'],
    ['http://a chekc', '"chekc" is neither a command nor a URL; did you mean check?'],
    ['demo twice', 'headgate demo takes no "twice"'],
    ['check http://user:secret@a -c h.yaml', 'headgate check takes no "URL"'],
    ['--prot 1 http://a', 'Unknown flag --prot; did you mean --port?'],
    ['--ops_port 1 http://a', 'Unknown flag --ops_port; did you mean --ops-port?'],
    ['--wombat', 'Unknown flag --wombat; headgate --help lists them all'],
    ['-x', 'Unknown flag -x; headgate --help lists them all'],
    ['--constructor', 'Unknown flag --constructor; headgate --help lists them all'],
    ['--port', '--port needs a value'],
    ['--port --host 1.1.1.1', '--port needs a value'],
    ['--config=', '--config needs a value'],
    ['--online=yes check', '--online takes no value'],
    ['--online http://a', '--online belongs to headgate check'],
    ['http://a --port 65536', '--port: expected a port from 0 to 65535'],
    ['http://a --port 80a', '--port: expected a port from 0 to 65535'],
    ['http://a --host localhost', '--host: expected an IP address; did you mean 127.0.0.1?'],
    ['http://a --ops-host example', '--ops-host: expected an IP address'],
    [
      'http://a --log-level warning',
      '--log-level: expected one of trace, debug, info, warn, error, fatal, silent; did you mean warn?',
    ],
  ])('headgate %s', (line, message) => expect(usage(line)).toBe(message));

  test('a variable of the environment is told by its name', () => {
    expect(usage('http://a', { HEADGATE_PORT: 'x' })).toBe('HEADGATE_PORT: expected a port from 0 to 65535');
    expect(usage('http://a', { PORT: 'x' })).toBe('PORT: expected a port from 0 to 65535');
    expect(usage('http://a', { HEADGATE_HOST: 'box' })).toBe('HEADGATE_HOST: expected an IP address');
  });
});

describe('flags beat environment', () => {
  const env = {
    HEADGATE_HOST: '1.1.1.1',
    HEADGATE_PORT: '1',
    HEADGATE_OPS_HOST: '2.2.2.2',
    HEADGATE_OPS_PORT: '2',
    HEADGATE_LOG_LEVEL: 'debug',
    HOST: '3.3.3.3',
    PORT: '3',
  };
  const given = { host: '1.1.1.1', port: 1, opsHost: '2.2.2.2', opsPort: 2, logLevel: 'debug' };

  test('for every one of them', () => {
    expect(overrides('', env)).toEqual(given);
    expect(overrides('--host ::', env)).toEqual({ ...given, host: '::' });
    expect(overrides('--port 9', env)).toEqual({ ...given, port: 9 });
    expect(overrides('--ops-host ::1', env)).toEqual({ ...given, opsHost: '::1' });
    expect(overrides('--ops-port 9', env)).toEqual({ ...given, opsPort: 9 });
    expect(overrides('--log-level error', env)).toEqual({ ...given, logLevel: 'error' });
  });

  test('PORT and HOST are honoured where no variable of our own says otherwise', () => {
    expect(overrides('', { PORT: '3', HOST: '3.3.3.3' })).toEqual({ port: 3, host: '3.3.3.3' });
  });

  test('HOST counts only where it is an address, since shells set it to the name of the machine', () => {
    expect(overrides('', { HOST: 'box.local' })).toEqual({});
  });

  test('what Kubernetes puts there for a service called headgate is not meant', () => {
    const link = 'tcp://10.96.0.7:8545';
    expect(overrides('', { HEADGATE_PORT: link, HEADGATE_OPS_PORT: link })).toEqual({});
    expect(overrides('', { HEADGATE_PORT: link, PORT: '3' })).toEqual({ port: 3 });
  });

  test('an empty variable is as good as none', () => {
    expect(overrides('', { HEADGATE_PORT: '', PORT: '', HEADGATE_LOG_LEVEL: '' })).toEqual({});
    expect(of('', { HEADGATE_CONFIG: '' }).kind).toBe('usage');
  });
});

test('both beat the file, and what they do not name stays', () => {
  const loaded = configFromUrls(['http://a'], {});
  if (!loaded.ok) throw new Error('the URL is good');
  const { config } = loaded;
  expect(applyOverrides(config, {})).toEqual(config);
  const over = applyOverrides(config, { host: '::', port: 0, opsHost: '::1', opsPort: 1, logLevel: 'debug' });
  expect(over).toEqual({
    ...config,
    server: { ...config.server, host: '::', port: 0 },
    ops: { ...config.ops, host: '::1', port: 1 },
    log: { ...config.log, level: 'debug' },
  });
});

test('the help names every command, flag and variable, in lines that fit a terminal', () => {
  const words = ['demo', 'check', 'init', 'healthcheck', '--config', '--host', '--port', '--ops-host', '--ops-port'];
  const more = [
    '--log-level',
    '--version',
    '--help',
    '--online',
    'HEADGATE_CONFIG',
    'HEADGATE_OPS_PORT',
    'PORT',
    'HOST',
  ];
  for (const word of [...words, ...more]) expect(helpText).toContain(word);
  expect(Math.max(...helpText.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
});
