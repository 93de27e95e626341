/** A program of npm too large for the packages of this repository, installed beside it as it is, without any script of its own. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { cachedFolder, type Obtained } from './cached-folder.ts';

const INSTALL_DEADLINE_MS = 240_000;
const INSTALL = ['install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];

/** `spec` as `npm install` takes it, with its version. Never throws. */
export const npmProgram = (spec: string): Promise<Obtained> =>
  cachedFolder({
    kind: 'npm',
    key: [spec],
    needs: 'npm with a package registry',
    fill: (folder) =>
      promisify(execFile)('npm', [...INSTALL, '--prefix', folder, spec], {
        cwd: folder,
        timeout: INSTALL_DEADLINE_MS,
      }),
  });
