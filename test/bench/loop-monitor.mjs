// Loaded into a measured process: how long its event loop stood still at most. On SIGUSR2 it writes that, in ms, as a line to the file named
// in its URL, and begins anew. A timer each millisecond tells; what the system let the process wait for a processor is left out, since
// that says how busy the machine is and not how long the work was.
import { appendFileSync, readFileSync } from 'node:fs';

const file = new URL(import.meta.url).searchParams.get('file');
const TICK_MS = 1;

/** Time on the run queue so far: the second field, in ns (proc(5), Documentation/scheduler/sched-stats.rst). */
function waitedMs() {
  return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[1]) / 1e6;
}

let worst = 0;
let lastAt = performance.now();
let lastWaited = waitedMs();
setInterval(() => {
  const gap = performance.now() - lastAt;
  const waited = waitedMs();
  worst = Math.max(worst, gap - TICK_MS - (waited - lastWaited));
  lastWaited = waited;
  lastAt = performance.now();
}, TICK_MS).unref();

process.on('SIGUSR2', () => {
  appendFileSync(file, `${worst.toFixed(2)}\n`);
  worst = 0;
});
