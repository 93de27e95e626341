/** Folders of what tests fetch or build once, kept in `${XDG_CACHE_HOME:-~/.cache}/remora` for the next run. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const TAIL_LENGTH = 300;
const KEY_LENGTH = 16;
/** Of all that one needs, from an empty cache, over a slow line and on a busy machine. */
const FILL_DEADLINE_MS = 20 * 60_000;
const OUTPUT_BYTES = 16 * 1024 * 1024;

/** In the words of pip, go, mvn and npm: there is no way to an index. */
const NO_INDEX =
  /from versions: none|no such host|dial tcp|name resolution|name or service not known|NameResolutionError|unknown ?host|ENOTFOUND|EAI_AGAIN|connection refused|ECONNREFUSED|network is unreachable|ENETUNREACH|connect(ion)? timed? ?out|GOPROXY=off|offline mode/i;
/** Likewise: the tool is too old, or a part of it is not installed. */
const NO_TOOL =
  /No module named pip|different python version|requires go >=|No compiler is provided|release version \d+ not supported/i;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A folder, or why this machine cannot have it. */
export type Obtained = { readonly folder: string } | { readonly missing: string };

export interface Wanted {
  /** The folder within the cache. */
  readonly kind: string;
  /** All that decides what is in it. */
  readonly key: readonly (string | Uint8Array)[];
  /** Fills an empty folder, which is moved into place whole. */
  fill(folder: string): Promise<unknown>;
}

/** Fills it where it is not there yet; safe to call from several processes at once. */
export async function cachedFolder({ kind, key, fill }: Wanted): Promise<string> {
  const hash = createHash('sha256');
  for (const part of key) hash.update(part).update('\0');
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const parent = join(cache, 'remora', kind);
  const folder = join(parent, hash.digest('hex').slice(0, KEY_LENGTH));
  if (!(await exists(folder))) await make(parent, folder, fill);
  return folder;
}

async function make(parent: string, folder: string, fill: Wanted['fill']): Promise<void> {
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(join(parent, 'new-'));
  try {
    await fill(work);
    await rename(work, folder).catch(async (error: unknown) => {
      // Another process was faster.
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface Place {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A tool that fetches or builds: what it says of itself. */
export async function runTool(program: string, args: readonly string[], place: Place = {}): Promise<string> {
  const options = { ...place, timeout: FILL_DEADLINE_MS, maxBuffer: OUTPUT_BYTES };
  return (await promisify(execFile)(program, args, options)).stdout;
}

/** `needs`: for people. Throws where all that is needed is at hand, and it fails all the same: to skip that would hide it. */
export async function obtained(needs: string, make: () => Promise<string>): Promise<Obtained> {
  try {
    return { folder: await make() };
  } catch (error) {
    const { code, killed, stdout = '', stderr = '', message } = error as ToolError;
    const said = `${stdout}\n${stderr}`.trim();
    const tail = (said || message).slice(-TAIL_LENGTH);
    if (killed === true)
      throw new Error(`It took over ${FILL_DEADLINE_MS / 60_000} minutes: ${tail}`, { cause: error });
    const isMissing = code === 'ENOENT' || NO_INDEX.test(said) || NO_TOOL.test(said);
    if (!isMissing) throw new Error(`${needs}: at hand, and failed: ${tail}`, { cause: error });
    return { missing: `needs ${needs}: ${tail}` };
  }
}

interface ToolError {
  readonly code?: unknown;
  readonly killed?: boolean;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly message: string;
}
