/** Gets a binary that is not present: asks one way after the other, and puts what the first one gives into place whole. */
import { access, chmod, constants, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RECIPES } from './kube-recipes.ts';

/** Told each step. */
export type Report = (line: string) => void;

/** Where each binary lies that was made, by name: the one asked for, and what came with it at its pinned version. */
export type Made = Readonly<Record<string, string>>;

/** One way to get a binary. It makes it inside `work`, an empty folder that is removed afterwards, or throws. */
export type Way = (name: string, work: string, report: Report) => Promise<Made>;

/** Where the version of a binary that we made is written. */
export const versionFile = (bin: string, name: string): string => join(bin, `.${name}.version`);

/** Puts `name` into `bin`, and whatever comes with it. Throws what each of the ways said when none works. */
export async function obtainBinary(
  name: string,
  bin: string,
  { ways, report }: { readonly ways: readonly Way[]; readonly report: Report },
): Promise<void> {
  if (RECIPES[name] === undefined)
    throw new Error(`no recipe builds ${name}; known: ${Object.keys(RECIPES).join(', ')}`);
  const failures: string[] = [];
  for (const way of ways) {
    const failure = await tryWay(way, { name, bin, report });
    if (failure === undefined) return;
    report(failure);
    failures.push(failure);
  }
  throw new Error(failures.join('; '));
}

interface Wanted {
  readonly name: string;
  readonly bin: string;
  readonly report: Report;
}

/** Gives why it failed, or undefined when it did not. */
async function tryWay(way: Way, { name, bin, report }: Wanted): Promise<string | undefined> {
  // Inside the target folder's parent: a rename is atomic only within one file system.
  const work = await mkdtemp(join(bin, '..', `new-${name}-`));
  try {
    await install(await way(name, work, report), bin);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function install(made: Made, bin: string): Promise<void> {
  for (const [name, path] of Object.entries(made)) {
    await chmod(path, 0o755);
    await access(path, constants.X_OK);
    await rename(path, join(bin, name));
    await writeFile(versionFile(bin, name), RECIPES[name]?.version ?? '');
  }
}
