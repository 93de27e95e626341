/** The Python packages of a file of `python/requirements`, in a folder, which unlike a virtual environment can be moved. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder, type Obtained, obtained, runTool } from './cached-folder.ts';

/** The files name all packages, so that none has to be worked out. */
const INSTALL = ['install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps', '--no-compile'];
/** Wheels differ between versions of Python. */
const PROBE = ['-c', 'import sys; print(sys.implementation.cache_tag, sys.platform)'];

export type Requirements = 'official' | 'frameworks' | 'llama-index' | 'litellm';

export const pythonPackages = (name: Requirements): Promise<Obtained> =>
  obtained('python3 and pip with a package index', async () => {
    const file = join(import.meta.dirname, 'python', 'requirements', `${name}.txt`);
    return cachedFolder({
      kind: 'python',
      key: [await runTool('python3', PROBE), await readFile(file)],
      fill: (folder) =>
        runTool('python3', ['-m', 'pip', ...INSTALL, '--only-binary=:all:', '--target', folder, '-r', file]),
    });
  });

/** What the environment of a Python process must say. */
export const pythonEnv = (folder: string): Record<string, string> => ({
  PYTHONPATH: folder,
  // Bytecode of what is used is kept, but not beside the apps.
  PYTHONPYCACHEPREFIX: join(folder, '__pycache__'),
  PYTHONFAULTHANDLER: '1',
});
