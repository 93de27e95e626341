/** The clients for Go in one program, built of `go`. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder, type Obtained, obtained, runTool } from './cached-folder.ts';

const SOURCE = join(import.meta.dirname, 'go');
export const GO_PROGRAM = 'clients';

export const goProgram = (): Promise<Obtained> =>
  obtained('go with a module proxy', async () => {
    const version = await runTool('go', ['version']);
    const names = (await readdir(SOURCE)).toSorted();
    const files = await Promise.all(names.map((name) => readFile(join(SOURCE, name))));
    return cachedFolder({
      kind: 'go-clients',
      key: [version, ...files],
      fill: (folder) =>
        runTool('go', ['build', '-mod=readonly', '-o', join(folder, GO_PROGRAM), '.'], {
          cwd: SOURCE,
          env: { ...process.env, CGO_ENABLED: '0' },
        }),
    });
  });
