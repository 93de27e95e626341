/** The official clients for Go over every service, in one program of `go`. Skipped, saying why, where it cannot be built. */
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { missing } from '#test/support/missing';
import { GO_PROGRAM, goProgram } from './go-program.ts';
import { GO_CLIENTS } from './rows/go.ts';
import { proveClient } from './run-app.ts';
import { AT_ONCE, titleOf } from './titles.ts';

describe('clients for Go over every service', { concurrency: AT_ONCE }, () => {
  let program: ReturnType<typeof goProgram> | undefined;
  for (const row of GO_CLIENTS)
    it(titleOf(row), async (t) => {
      program ??= goProgram();
      const obtained = await program;
      if ('missing' in obtained) return missing(t, obtained.missing);
      await proveClient(t, row, {
        program: join(obtained.folder, GO_PROGRAM),
        args: [row.app],
        stacksBy: 'SIGQUIT',
      });
    });
});
