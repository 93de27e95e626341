/** The `remora` command: one sentence for what a user can mend, everything for what only we can. */
import { createProgram } from './program.ts';
import { UserError } from './user-error.ts';

function fail(error: unknown): void {
  const text = error instanceof UserError ? error.message : ((error as Error).stack ?? String(error));
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}

createProgram({
  version: process.env.REMORA_VERSION ?? 'development',
  env: process.env,
  out: (text) => void process.stdout.write(text),
  setExitCode(code) {
    process.exitCode = code;
  },
})
  .parseAsync(process.argv)
  .catch(fail);
