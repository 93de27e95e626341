/** A program of npm too large for the packages of this repository, installed beside it as it is, without any script of its own. */
import { cachedFolder, type Obtained, obtained, runTool } from './cached-folder.ts';

const INSTALL = ['install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];

/** `spec` as `npm install` takes it, with its version. */
export const npmProgram = (spec: string): Promise<Obtained> =>
  obtained('npm with a package registry', () =>
    cachedFolder({
      kind: 'npm',
      key: [spec],
      fill: (folder) => runTool('npm', [...INSTALL, '--prefix', folder, spec], { cwd: folder }),
    }),
  );
