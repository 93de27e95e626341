/**
 * Finds the binaries of a real Kubernetes for tests, and builds what is missing. Order: `$REMORA_KUBE_BIN`, our cache, `$KUBEBUILDER_ASSETS`,
 * one folder of `$PATH`, else `go` builds the pinned versions into the cache.
 */
import { accessSync, constants, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildBinary, hasGo, type Report, versionFile } from './kube-build.ts';
import { RECIPES } from './kube-recipes.ts';

export { KUBE_VERSIONS } from './kube-recipes.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The binaries that a control plane for tests needs. */
export const API_SERVER_BINARIES: readonly string[] = ['kube-apiserver', 'etcd'];

const LOCK_DEADLINE_MS = 45 * 60_000;
const LOCK_POLL_MS = 500;

/** Thrown when the binaries are neither present nor can be built; the message says what to do. */
export class BinariesUnavailable extends Error {
  override readonly name = 'BinariesUnavailable';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** What is missing in a folder. A binary that we built at another version counts as missing; one put there by hand does not. */
function missingIn(folder: string, names: readonly string[]): string[] {
  return names.filter((name) => {
    if (!isExecutable(join(folder, name))) return true;
    const version = readText(versionFile(folder, name));
    return version !== undefined && version !== RECIPES[name]?.version;
  });
}

const cacheFolder = (env: Environment): string =>
  join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'remora', 'kube', 'bin');

/** The first folder that holds all of `names`, or undefined. Builds nothing. */
export function locateBinaries(names: readonly string[], env: Environment = process.env): string | undefined {
  const explicit = env.REMORA_KUBE_BIN;
  if (explicit) return missingIn(explicit, names).length === 0 ? explicit : undefined;
  const places = [cacheFolder(env), env.KUBEBUILDER_ASSETS, ...(env.PATH ?? '').split(delimiter)];
  return places
    .filter((place): place is string => place !== undefined && place !== '')
    .find((place) => missingIn(place, names).length === 0);
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function tryLock(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holder = Number(readText(path));
    // Two waiters may both clear a dead holder's lock and both build. That costs time only: every result is renamed into place whole.
    if (Number.isInteger(holder) && holder > 0 && !processLives(holder)) rmSync(path, { force: true });
    return false;
  }
}

async function lock(path: string, report: Report): Promise<() => void> {
  const deadline = performance.now() + LOCK_DEADLINE_MS;
  for (let said = false; !tryLock(path); said = true) {
    if (performance.now() > deadline)
      throw new BinariesUnavailable(`another process has held ${path} for too long; end it or remove the file`);
    if (!said) report(`waiting for process ${readText(path) ?? '?'}, which builds already`);
    await delay(LOCK_POLL_MS);
  }
  return () => rmSync(path, { force: true });
}

async function buildMissing(names: readonly string[], bin: string, report: Report): Promise<void> {
  mkdirSync(bin, { recursive: true });
  const unlock = await lock(join(bin, '..', 'build.lock'), report);
  try {
    // Looked at again under the lock: whoever held it before may have built them.
    for (const name of missingIn(bin, names)) await buildBinary(name, bin, report);
  } finally {
    unlock();
  }
}

interface EnsureOptions {
  /** Where `$REMORA_KUBE_BIN` and the like are read. Default: the process's own. */
  readonly env?: Environment;
  /** Told each step of a build. Default: standard error. */
  readonly report?: Report;
}

/**
 * The folder that holds all of `names`, after building what is missing. Safe to call from several processes at once.
 * @throws BinariesUnavailable when they are not present and cannot be built.
 */
export async function ensureBinaries(names: readonly string[], options: EnsureOptions = {}): Promise<string> {
  const { env = process.env, report = (line: string) => console.error(`kube: ${line}`) } = options;
  const found = locateBinaries(names, env);
  if (found !== undefined) return found;
  const explicit = env.REMORA_KUBE_BIN;
  if (explicit)
    throw new BinariesUnavailable(`REMORA_KUBE_BIN=${explicit} lacks ${missingIn(explicit, names).join(', ')}`);
  if (!(await hasGo()))
    throw new BinariesUnavailable(
      `no ${names.join(', ')} found and no go to build them: install Go 1.26 or set REMORA_KUBE_BIN to a folder that holds them`,
    );
  const bin = cacheFolder(env);
  try {
    await buildMissing(names, bin, report);
  } catch (error) {
    throw new BinariesUnavailable(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return bin;
}
