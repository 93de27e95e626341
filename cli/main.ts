/** The `remora` command: one sentence for what a user can mend, class and place of what only we can. */
import { faultFields } from '#contract/names/fault-fields';
import { createProgram } from './program.ts';
import { UserError } from './user-error.ts';

function fail(error: unknown): void {
  const known = error instanceof UserError;
  process.stderr.write(
    `${known ? error.message : `A fault of Remora itself: ${JSON.stringify(faultFields(error))}`}\n`,
  );
  process.exitCode = 1;
}

// Node itself would show the message and all that hangs on the error.
process.on('uncaughtException', (error) => {
  fail(error);
  process.exit();
});

createProgram({
  version: process.env.REMORA_VERSION ?? 'development',
  env: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  setExitCode(code) {
    process.exitCode = code;
  },
})
  .parseAsync(process.argv)
  .catch(fail);
