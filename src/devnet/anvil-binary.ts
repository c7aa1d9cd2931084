import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** How to get anvil, for error messages. */
export const anvilInstallHint =
  'anvil was not found: run `npm install @foundry-rs/anvil` in this directory, ' +
  'or install Foundry (https://getfoundry.sh) so that `anvil` is on the PATH';

/**
 * What to start: the native binary of the npm package's platform part, looked for from this file and from
 * `directory`, else plain `anvil`, for the PATH to resolve. The package's own `bin` is a Node wrapper, and signals sent
 * to it would not stop the node.
 */
export const findAnvil = (directory: string): string => {
  const architecture = architectures[process.arch] ?? process.arch;
  const platformPackage = `@foundry-rs/anvil-${process.platform}-${architecture}`;
  const file = process.platform === 'win32' ? 'anvil.exe' : 'anvil';
  for (const base of [import.meta.url, pathToFileURL(join(directory, 'package.json')).href]) {
    const found = resolveFrom(base, `${platformPackage}/bin/${file}`);
    if (found !== undefined) return found;
  }
  return 'anvil';
};

/** The platform package is a dependency of `@foundry-rs/anvil`, and npm may nest it below that. */
const resolveFrom = (base: string, request: string): string | undefined => {
  try {
    const nested = createRequire(createRequire(base).resolve('@foundry-rs/anvil/package.json'));
    const path = nested.resolve(request);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
};
