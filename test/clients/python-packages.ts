/** The Python packages of a file of `python/requirements`, in a folder, which unlike a virtual environment can be moved. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachedFolder, missing } from './cached-folder.ts';

const INSTALL_DEADLINE_MS = 300_000;
const PROBE_DEADLINE_MS = 10_000;
const NEEDS = 'python3 and pip with a package index';
/** The files name all packages, so that none has to be worked out. */
const INSTALL = ['install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps', '--no-compile'];

const run = promisify(execFile);

/** What the environment of a Python process must say, or why there are no packages. */
export type PythonPackages = { readonly env: Readonly<Record<string, string>> } | { readonly missing: string };

/** `name` of the file. Never throws. */
export async function pythonPackages(name: string): Promise<PythonPackages> {
  const file = join(import.meta.dirname, 'python', 'requirements', `${name}.txt`);
  try {
    // Wheels differ between versions of Python.
    const probe = ['-c', 'import sys; print(sys.implementation.cache_tag, sys.platform)'];
    const { stdout: python } = await run('python3', probe, { timeout: PROBE_DEADLINE_MS });
    const obtained = await cachedFolder({
      kind: 'python',
      key: [python, await readFile(file)],
      needs: NEEDS,
      fill: (folder) =>
        run('python3', ['-m', 'pip', ...INSTALL, '--only-binary=:all:', '--target', folder, '-r', file], {
          timeout: INSTALL_DEADLINE_MS,
        }),
    });
    if ('missing' in obtained) return obtained;
    return {
      env: {
        PYTHONPATH: obtained.folder,
        // Bytecode of what is used is kept, but not beside the apps.
        PYTHONPYCACHEPREFIX: join(obtained.folder, '__pycache__'),
        PYTHONFAULTHANDLER: '1',
      },
    };
  } catch (error) {
    return missing(NEEDS, error);
  }
}
