/** The official clients for Java over every service, in one program of `java`. Skipped, saying why, where it cannot be built. */
import { describe, it } from 'node:test';
import { missing } from '#test/support/missing';
import { javaArguments, javaProgram } from './java-program.ts';
import { JAVA_CLIENTS } from './rows/java.ts';
import { proveClient } from './run-app.ts';
import { AT_ONCE, titleOf } from './titles.ts';

describe('clients for Java over every service', { concurrency: AT_ONCE }, () => {
  let program: ReturnType<typeof javaProgram> | undefined;
  for (const row of JAVA_CLIENTS)
    it(titleOf(row), async (t) => {
      program ??= javaProgram();
      const obtained = await program;
      if ('missing' in obtained) return missing(t, obtained.missing);
      await proveClient(t, row, {
        program: 'java',
        args: [...javaArguments(obtained.folder), row.app],
        stacksBy: 'SIGQUIT',
      });
    });
});
