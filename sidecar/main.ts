/** The process in the sidecar container: starts, and after the signal stops within four seconds of its last open request. */
import { faultFields } from '#contract/names/fault-fields';
import { EnvironmentError, readEnvironment, type SidecarEnvironment } from './config/environment.ts';
import { createInjectedSidecar, type InjectedSidecar } from './injected.ts';
import { ListenError } from './server/listen.ts';

/** Beyond the drain. Kubelet kills soon after; what is not done by then is proved by the journal. */
const STOP_WITHIN_MS = 3_800;

async function start(environment: SidecarEnvironment): Promise<InjectedSidecar> {
  const sidecar = await createInjectedSidecar(environment, process.env.REMORA_VERSION ?? 'development');
  await sidecar.start();
  return sidecar;
}

/** One sentence for what a user can mend, class and place of what only we can. */
function fail(error: unknown): never {
  const known = error instanceof EnvironmentError || error instanceof ListenError;
  const text = known ? error.message : `a fault of its own: ${JSON.stringify(faultFields(error))}`;
  process.stderr.write(`remora sidecar: ${text}\n`);
  process.exit(1);
}

async function stop(started: Promise<InjectedSidecar>, drainMs: number): Promise<void> {
  setTimeout(() => process.exit(0), drainMs + STOP_WITHIN_MS).unref();
  const sidecar = await started;
  await sidecar.stop();
  process.exit(0);
}

// Node itself would show the message and all that hangs on the error.
process.on('uncaughtException', fail);
const environment = readEnvironment(process.env);
const started = start(environment);
started.catch(fail);
let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    stop(started, environment.drainMs).catch(fail);
  });
}
