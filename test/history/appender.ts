/** A process that appends rows until it is killed, and says how many were told to be kept: `appender.ts <url> <instance>`. */
import { openHistory } from '#history/histories';
import { NOW, rowOf } from './rows.ts';

const BATCH = 20;

// Nobody reads any more.
process.stdout.on('error', () => process.exit());

async function main(url = '', instance = ''): Promise<void> {
  const history = openHistory(url);
  for (let seq = 0; ; seq += BATCH) {
    const rows = Array.from({ length: BATCH }, (_, index) =>
      rowOf({ instance, seq: seq + index, user: `user-${index}`, session: `${instance}-${index}` }),
    );
    await history.append(rows, NOW);
    process.stdout.write(`${seq + BATCH}\n`);
  }
}

main(...process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
