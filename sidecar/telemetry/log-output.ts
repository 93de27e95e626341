/** Standard output for log lines, many to one system call: at a thousand requests per second a call per line costs more than the line. */
import { type DestinationStream, pino } from 'pino';

/** How long a line may wait for others. */
const WAIT_MS = 50;
/** Waiting lines are written at once when they are this many bytes. */
const BATCH_BYTES = 8 * 1024;
/** Lines that nobody reads are dropped above this, so that a stuck reader costs no memory. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;

export interface LogOutput extends DestinationStream {
  flush(done?: (error?: Error | null) => void): void;
}

/** What still waits is written when the process exits. An idle output wakes nobody. */
export function logOutput(fd: number): LogOutput {
  const output = pino.destination({ fd, sync: false, minLength: BATCH_BYTES, maxLength: MOST_WAITING_BYTES });
  let isFlushDue = false;
  const flushDue = (): void => {
    isFlushDue = false;
    // With a callback, a flush that meets a write under way is made up for after it.
    output.flush(() => {});
  };
  return {
    write(line) {
      output.write(line);
      if (isFlushDue) return;
      isFlushDue = true;
      setTimeout(flushDue, WAIT_MS).unref();
    },
    flush: (done = () => {}) => output.flush(done),
  };
}
