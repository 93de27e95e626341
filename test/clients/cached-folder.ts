/** Folders of what tests fetch or build once, kept in `${XDG_CACHE_HOME:-~/.cache}/remora` for the next run. */
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const REASON_LENGTH = 300;
const KEY_LENGTH = 16;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A folder, or why it cannot be had. */
export type Obtained = { readonly folder: string } | { readonly missing: string };

export interface Wanted {
  /** The folder within the cache. */
  readonly kind: string;
  /** All that decides what is in it. */
  readonly key: readonly (string | Uint8Array)[];
  /** What is needed to fill it, for people. */
  readonly needs: string;
  /** Fills an empty folder, which is moved into place whole. */
  fill(folder: string): Promise<unknown>;
}

/** Fills it where it is not there yet; safe to call from several processes at once. Never throws. */
export async function cachedFolder({ kind, key, needs, fill }: Wanted): Promise<Obtained> {
  const hash = createHash('sha256');
  for (const part of key) hash.update(part).update('\0');
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const parent = join(cache, 'remora', kind);
  const folder = join(parent, hash.digest('hex').slice(0, KEY_LENGTH));
  try {
    if (!(await exists(folder))) await make(parent, folder, fill);
    return { folder };
  } catch (error) {
    return missing(needs, error);
  }
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

/** The end of what the failed program said tells most. */
export function missing(needs: string, error: unknown): { readonly missing: string } {
  const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
  return { missing: `needs ${needs}: ${(stderr || message).trim().slice(-REASON_LENGTH)}` };
}
