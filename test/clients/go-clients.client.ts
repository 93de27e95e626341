/** The official clients for Go over every service, in one program of `go`. Skipped, saying why, where it cannot be built. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { cachedFolder, missing, type Obtained } from './cached-folder.ts';
import { GO_CLIENTS } from './rows/go.ts';
import { proveClient } from './run-app.ts';
import { AT_ONCE, titleOf } from './titles.ts';

const SOURCE = join(import.meta.dirname, 'go');
const PROGRAM = 'clients';
const NEEDS = 'go with a module proxy';
const PROBE_DEADLINE_MS = 10_000;
/** The clients are large: about a minute on two idle cores. */
const BUILD_DEADLINE_MS = 540_000;
const TIMEOUT_MS = 900_000;

const run = promisify(execFile);

async function built(): Promise<Obtained> {
  try {
    const { stdout: version } = await run('go', ['version'], { timeout: PROBE_DEADLINE_MS });
    const names = (await readdir(SOURCE)).toSorted();
    const files = await Promise.all(names.map((name) => readFile(join(SOURCE, name))));
    return await cachedFolder({
      kind: 'go-clients',
      key: [version, ...files],
      needs: NEEDS,
      fill: (folder) =>
        run('go', ['build', '-mod=readonly', '-o', join(folder, PROGRAM), '.'], {
          cwd: SOURCE,
          env: { ...process.env, CGO_ENABLED: '0' },
          timeout: BUILD_DEADLINE_MS,
        }),
    });
  } catch (error) {
    return missing(NEEDS, error);
  }
}

describe('clients for Go over every service', { concurrency: AT_ONCE, timeout: TIMEOUT_MS }, () => {
  const program = built();
  for (const row of GO_CLIENTS)
    it(titleOf(row), async (t) => {
      const obtained = await program;
      if ('missing' in obtained) return t.skip(obtained.missing);
      await proveClient(t, row, { program: join(obtained.folder, PROGRAM), args: [row.app] });
    });
});
