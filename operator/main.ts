/** The operator's process, or that which keeps the history for it: environment in, exit code out. SIGTERM drains; what nobody caught is logged and ends the process. */
import { setTimeout as delay } from 'node:timers/promises';
import { faultFields } from '#contract/names/fault-fields';
import { loadClusterAccess } from '#operator/kube/cluster-access';
import { createLog, type Logger } from '#operator/telemetry/log';
import { startTracing } from '#operator/telemetry/tracing';
import { type OperatorConfig, readConfig } from './config.ts';
import { startHistoryProcess } from './history-process.ts';
import { type Operator, startOperator } from './operator.ts';

/** Kubernetes kills after 30 s; whatever hangs until then is of no more use. */
const CLOSE_WITHIN_MS = 20_000;
/** How long a leaving replica goes on serving, since the API server and sidecars learn of it a little later. */
const SERVE_ON_MS = 3_000;
/** The argument by which this is the process that keeps the history, and no operator. */
const KEEP_HISTORY = 'keep-history';

function configOrExit(): OperatorConfig {
  try {
    return readConfig(process.env);
  } catch (error) {
    console.error(`remora operator: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}

function exitOnFault(log: Logger): void {
  const fail = (error: unknown): void => {
    log.fatal(faultFields(error), 'unexpected fault');
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
}

function closeOnSignal(log: Logger, close: () => Promise<void>): void {
  const leave = (signal: string): void => {
    log.info({ signal }, 'leaving');
    setTimeout(() => process.exit(1), CLOSE_WITHIN_MS).unref();
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', leave);
  process.once('SIGINT', leave);
}

async function main(): Promise<void> {
  const config = configOrExit();
  const log = createLog(config.logLevel);
  exitOnFault(log);
  const tracing = await startTracing(config.otlpEndpoint);
  let running: (Pick<Operator, 'close'> & Partial<Pick<Operator, 'drain'>>) | undefined;
  const inCluster = process.env.KUBERNETES_SERVICE_HOST !== undefined && process.env.KUBECONFIG === undefined;
  closeOnSignal(log, async () => {
    running?.drain?.();
    if (running && inCluster) await delay(SERVE_ON_MS);
    await running?.close();
    await tracing.close();
  });
  const version = process.env.REMORA_VERSION ?? 'development';
  const access = loadClusterAccess(inCluster);
  running =
    process.argv[2] === KEEP_HISTORY
      ? await startHistoryProcess({ config, log, access })
      : await startOperator({ config, log, version, access });
}

main().catch((error: unknown) => {
  console.error(`remora operator: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
