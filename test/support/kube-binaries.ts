/**
 * Finds the binaries of a real Kubernetes for tests, and gets what is missing. Order: `$REMORA_KUBE_BIN`, our cache, `$KUBEBUILDER_ASSETS`,
 * one folder of `$PATH`; else the pinned versions come into the cache, built with `go` or, where that fails, downloaded.
 */
import { accessSync, constants, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildBinary } from './kube-build.ts';
import { downloadBinary } from './kube-download.ts';
import { obtainBinary, type Report, versionFile, type Way } from './kube-obtain.ts';
import { RECIPES } from './kube-recipes.ts';
import { releaseOf } from './kube-releases.ts';

export { KUBE_VERSIONS } from './kube-recipes.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The binaries that a control plane for tests needs. */
export const API_SERVER_BINARIES: readonly string[] = ['kube-apiserver', 'etcd'];

const WAYS: readonly Way[] = [buildBinary, downloadBinary];

const LOCK_DEADLINE_MS = 45 * 60_000;
const LOCK_POLL_MS = 500;

/** Thrown when the binaries are neither present nor can be made so; the message says what to do. */
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

/** What is missing in a folder. A binary that we made at another version counts as missing; one put there by hand does not. */
function missingIn(folder: string, names: readonly string[]): string[] {
  return names.filter((name) => {
    if (!isExecutable(join(folder, name))) return true;
    const version = readText(versionFile(folder, name));
    return version !== undefined && version !== RECIPES[name]?.version;
  });
}

const cacheFolder = (env: Environment): string =>
  join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'remora', 'kube', 'bin');

/** The first folder that holds all of `names`, or undefined. Makes nothing. */
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
    // Two waiters may both clear a dead holder's lock and both work. That costs time only: every result is renamed into place whole.
    if (Number.isInteger(holder) && holder > 0 && !processLives(holder)) rmSync(path, { force: true });
    return false;
  }
}

async function lock(path: string, report: Report): Promise<() => void> {
  const deadline = performance.now() + LOCK_DEADLINE_MS;
  for (let said = false; !tryLock(path); said = true) {
    if (performance.now() > deadline)
      throw new BinariesUnavailable(`another process has held ${path} for too long; end it or remove the file`);
    if (!said) report(`waiting for process ${readText(path) ?? '?'}, which is at it already`);
    await delay(LOCK_POLL_MS);
  }
  return () => rmSync(path, { force: true });
}

async function obtainMissing(names: readonly string[], bin: string, how: Required<Omit<EnsureOptions, 'env'>>) {
  mkdirSync(bin, { recursive: true });
  const unlock = await lock(join(bin, '..', 'build.lock'), how.report);
  try {
    // Looked at again under the lock, as whoever held it before may have made them, and each time, as several may come at once.
    for (const name of onlyBuiltFirst(names)) if (missingIn(bin, [name]).length > 0) await obtainBinary(name, bin, how);
  } finally {
    unlock();
  }
}

/** So that a run without `go` fails before it has downloaded half a gigabyte. */
function onlyBuiltFirst(names: readonly string[]): string[] {
  const isPublished = (name: string): boolean => releaseOf(name, 'amd64') !== undefined;
  return names.toSorted((one, other) => Number(isPublished(one)) - Number(isPublished(other)));
}

interface EnsureOptions {
  /** Where `$REMORA_KUBE_BIN` and the like are read. Default: the process's own. */
  readonly env?: Environment;
  /** Told each step. Default: standard error. */
  readonly report?: Report;
  /** How a binary is got that is not present, in the order in which they are tried. Default: built, else downloaded. */
  readonly ways?: readonly Way[];
}

/**
 * The folder that holds all of `names`, after getting what is missing. Safe to call from several processes at once.
 * @throws BinariesUnavailable when they are not present and can neither be built nor downloaded.
 */
export async function ensureBinaries(names: readonly string[], options: EnsureOptions = {}): Promise<string> {
  const { env = process.env, report = (line: string) => console.error(`kube: ${line}`), ways = WAYS } = options;
  const found = locateBinaries(names, env);
  if (found !== undefined) return found;
  const explicit = env.REMORA_KUBE_BIN;
  if (explicit)
    throw new BinariesUnavailable(`REMORA_KUBE_BIN=${explicit} lacks ${missingIn(explicit, names).join(', ')}`);
  const bin = cacheFolder(env);
  try {
    await obtainMissing(names, bin, { report, ways });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${reason}. Or set REMORA_KUBE_BIN to a folder that holds ${names.join(', ')}`;
    throw new BinariesUnavailable(message, { cause: error });
  }
  return bin;
}
