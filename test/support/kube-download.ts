/** Downloads a binary from where its project publishes releases, and takes only what has the published SHA-256. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { Made, Report } from './kube-obtain.ts';
import { type Architecture, publishedSha256, RELEASE_HOSTS, type ReleaseHosts, releaseOf } from './kube-releases.ts';

const MIB = 2 ** 20;
const CHECKSUMS_MAX_BYTES = MIB;
const STILL_DOWNLOADING_EVERY_MS = 10_000;
const UNPACK_DEADLINE_MS = 120_000;

interface Limits {
  readonly maxBytes: number;
  /** Of one file, from the first byte of the request to the last of the answer. */
  readonly deadlineMs: number;
  /** Without any byte, connecting included. */
  readonly stallMs: number;
}

const LIMITS: Limits = { maxBytes: 300 * MIB, deadlineMs: 15 * 60_000, stallMs: 30_000 };

export interface DownloadOptions {
  /** Default: the projects' own. */
  readonly hosts?: ReleaseHosts;
  /** As Node names it. Default: this machine's. */
  readonly arch?: string;
  /** Default: 300 MiB, 15 minutes, 30 s. */
  readonly limits?: Partial<Limits>;
}

/** The place behind a proxy is reached as Node's `fetch` does it: with `NODE_USE_ENV_PROXY=1` through the one of the environment. */
export async function downloadBinary(
  name: string,
  work: string,
  report: Report,
  { hosts = RELEASE_HOSTS, arch = process.arch, limits = {} }: DownloadOptions = {},
): Promise<Made> {
  const release = releaseOf(name, architecture(arch));
  if (release === undefined) throw new Error(`no release holds ${name}: only go makes it`);
  const url = hosts[release.host] + release.path;
  const file = basename(release.path);
  const bounds = { ...LIMITS, ...limits };
  const expected = publishedSha256(await fetchChecksums(hosts[release.host] + release.checksumPath, bounds), file);
  if (expected === undefined) throw new Error(`${release.checksumPath} gives no SHA-256 of ${file}`);
  report(`downloading ${name} ${release.version} from ${url}`);
  const got = await fetchFile(url, join(work, file), { limits: bounds, report });
  if (got !== expected) throw new Error(`${url} has the SHA-256 ${got}, but ${expected} was published: not used`);
  if (/\.(tar\.gz|tgz)$/.test(file)) await unpack(join(work, file), work);
  return Object.fromEntries(Object.entries(release.binaries).map(([binary, path]) => [binary, join(work, path)]));
}

function architecture(arch: string): Architecture {
  if (process.platform !== 'linux') throw new Error(`nothing to download for ${process.platform}: only for linux`);
  if (arch === 'x64') return 'amd64';
  if (arch === 'arm64') return 'arm64';
  throw new Error(`nothing to download for ${arch}: only for x64 and arm64`);
}

/** The bytes of a file as they come. Throws, with the URL, on a status other than 2xx, a cut connection and a broken limit. */
async function* bytesOf(url: string, { maxBytes, deadlineMs, stallMs }: Limits): AsyncGenerator<Uint8Array> {
  const abort = new AbortController();
  const giveUp = (why: string) => (): void => abort.abort(new Error(why));
  const late = setTimeout(giveUp(`took longer than ${deadlineMs / 1000} s`), deadlineMs);
  const stalled = setTimeout(giveUp(`nothing came for ${stallMs / 1000} s`), stallMs);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`answered ${response.status}`);
    let received = 0;
    for await (const piece of response.body) {
      stalled.refresh();
      received += piece.length;
      if (received > maxBytes) throw new Error(`is larger than ${Math.floor(maxBytes / MIB)} MiB`);
      yield piece;
    }
  } catch (error) {
    throw new Error(`${url}: ${reasonOf(abort.signal.aborted ? abort.signal.reason : error)}`, { cause: error });
  } finally {
    clearTimeout(late);
    clearTimeout(stalled);
    // An answer that was not read to its end would keep its connection.
    abort.abort();
  }
}

/** `fetch` itself says only that it failed; why is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

async function fetchChecksums(url: string, limits: Limits): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytesOf(url, { ...limits, maxBytes: CHECKSUMS_MAX_BYTES })) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

/** Writes a new file and gives its SHA-256. */
async function fetchFile(
  url: string,
  target: string,
  { limits, report }: { readonly limits: Limits; readonly report: Report },
): Promise<string> {
  const hash = createHash('sha256');
  let received = 0;
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const piece of bytesOf(url, limits)) {
      hash.update(piece);
      received += piece.length;
      yield piece;
    }
  }
  const say = (): void => report(`still downloading ${basename(target)} (${Math.round(received / MIB)} MiB)`);
  const ticker = setInterval(say, STILL_DOWNLOADING_EVERY_MS);
  try {
    await writeFile(target, hashed(), { flag: 'wx' });
  } finally {
    clearInterval(ticker);
  }
  return hash.digest('hex');
}

/** Files belong to who runs this, not to whom the archive names. */
async function unpack(archive: string, folder: string): Promise<void> {
  await promisify(execFile)('tar', ['-x', '-z', '-o', '-f', archive, '-C', folder], { timeout: UNPACK_DEADLINE_MS });
}
