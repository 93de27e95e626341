/** `remora dev`: the data plane, the compiler and the treasury in one process, from files. The third way to run Remora. */
import { join } from 'node:path';
import type { Environment } from '#cli/files/file-secret';
import { UserError } from '#cli/user-error';
import { DEFAULT_SIDECAR_CONFIG, type SidecarConfig } from '#sidecar/config/sidecar-config';
import { ListenError } from '#sidecar/server/listen';
import { createSidecar, processDeps, type Sidecar } from '#sidecar/sidecar';
import { createTelemetry, type SidecarTelemetry } from '#sidecar/telemetry/telemetry';
import { type CompiledFiles, FilesRefused } from './compile-files.ts';
import { FilePolicySource } from './file-policy.ts';
import { nextCommands } from './next-commands.ts';
import { type Money, openMoney } from './open-budgets.ts';
import { untilStopped } from './stop-signal.ts';

export interface DevOptions {
  readonly paths: readonly string[];
  readonly port: number;
  readonly healthPort: number;
  readonly namespace: string | undefined;
  readonly stateFolder: string;
  readonly logLevel: string;
  readonly env: Environment;
}

const LOOPBACK = '127.0.0.1';
const DRAIN_MS = 5_000;

/** Runs until the process is told to stop. Throws UserError when it cannot start. */
export async function dev(options: DevOptions): Promise<void> {
  try {
    await run(options);
  } catch (error) {
    throw userErrorOf(error, options);
  }
}

function userErrorOf(error: unknown, options: DevOptions): unknown {
  if (error instanceof FilesRefused) return new UserError(error.message, { cause: error });
  if (!(error instanceof ListenError)) return error;
  const flag = error.address.port === options.port ? '--port' : '--health-port';
  return new UserError(`${error.message} It is set by ${flag}.`, { cause: error });
}

async function run(options: DevOptions): Promise<void> {
  // Wrong files leave nothing behind, so they are read before anything is made.
  const source = await FilePolicySource.open(options.paths, options, {
    onApplied(compiled) {
      running.telemetry.metrics.policyApplied(compiled.hash, Date.now());
      say(`Policy ${short(compiled)} is in force.${noteLines(compiled)}`);
    },
    onCredentials: (compiled) => say(`Credentials changed: policy ${short(compiled)} goes on with the new ones.`),
    onRefused: (reasons) =>
      say(`Refused; the last good policy goes on.\n${reasons.map((reason) => `  ${reason}`).join('\n')}`),
  });
  const running = await assemble(options);
  try {
    await serve(running, source, options);
  } finally {
    await source.close();
    await stop(running);
  }
}

interface Running {
  readonly sidecar: Sidecar;
  readonly money: Money;
  readonly telemetry: SidecarTelemetry;
}

async function assemble(options: DevOptions): Promise<Running> {
  const otlpEndpoint = options.env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const telemetry = await createTelemetry({
    serviceName: 'remora-dev',
    logLevel: options.logLevel,
    now: Date.now,
    ...(otlpEndpoint === undefined ? {} : { otlpEndpoint }),
  });
  // Last of what can fail: open budgets keep the process running until they are closed.
  const money = openMoney(options.stateFolder, say);
  const sidecar = createSidecar(configOf(options), processDeps(telemetry, money.gate));
  return { sidecar, money, telemetry };
}

const configOf = ({ port, healthPort, stateFolder }: DevOptions): SidecarConfig => ({
  ...DEFAULT_SIDECAR_CONFIG,
  ingress: { host: LOOPBACK, port },
  health: { host: LOOPBACK, port: healthPort },
  jobsIn: { dir: join(stateFolder, 'jobs'), keyDir: stateFolder },
  drainMs: DRAIN_MS,
});

async function serve({ sidecar, telemetry }: Running, source: FilePolicySource, options: DevOptions): Promise<void> {
  const compiled = source.load(sidecar.sink);
  telemetry.metrics.policyApplied(compiled.hash, Date.now());
  const { ingress, health } = await sidecar.listen();
  source.start(sidecar.sink);
  const stopped = untilStopped();
  say(
    nextCommands({
      url: `http://${LOOPBACK}:${ingress.port}`,
      healthUrl: `http://${LOOPBACK}:${health.port}`,
      policy: compiled.policy,
      files: options.paths,
      notes: notesOf(compiled),
    }),
  );
  await stopped;
  say(`Stopping: open requests have ${DRAIN_MS / 1_000} s to end; Ctrl-C again ends them at once.`);
}

const short = ({ hash }: CompiledFiles): string => hash.slice(0, 12);

/** A missing key has its own note, in the words of a laptop. */
const notesOf = (compiled: CompiledFiles): string[] => [
  ...compiled.notes,
  ...compiled.faults
    .filter(({ reason }) => reason !== 'SecretNotFound')
    .map(({ origin, object, message }) => `${origin}: ${object}: ${message}`),
];

const noteLines = (compiled: CompiledFiles): string =>
  notesOf(compiled)
    .map((note) => `\n  ${note}`)
    .join('');

async function stop({ sidecar, money, telemetry }: Running): Promise<void> {
  await sidecar.close({ deadlineMs: DRAIN_MS });
  await money.close();
  await telemetry.close();
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
