/** Tests of clients of PyPI, unmodified, each led to the sidecar by what injection sets. Skipped, saying why, where they cannot be had. */
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { missing } from '#test/support/missing';
import type { Obtained } from './cached-folder.ts';
import { pythonEnv, pythonPackages, type Requirements } from './python-packages.ts';
import type { PythonRow } from './rows/python.ts';
import { proveClient } from './run-app.ts';
import { AT_ONCE, titleOf } from './titles.ts';

export function describePythonClients(title: string, rows: readonly PythonRow[]): void {
  const sets = new Map<Requirements, Promise<Obtained>>();
  describe(title, { concurrency: AT_ONCE, timeout: 600_000 }, () => {
    for (const row of rows)
      it(titleOf(row), async (t) => {
        const set = sets.get(row.requirements) ?? pythonPackages(row.requirements);
        sets.set(row.requirements, set);
        const packages = await set;
        if ('missing' in packages) return missing(t, packages.missing);
        await proveClient(t, row, {
          program: 'python3',
          args: [join(import.meta.dirname, 'python', row.app)],
          env: pythonEnv(packages.folder),
          stacksBy: 'SIGABRT',
        });
      });
  });
}
