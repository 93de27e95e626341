/** `remora dev`: the data plane, the compiler and the treasury in one process, from files. The third way to run Remora. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Environment } from '#cli/files/file-secret';
import { createBudgetGate, type SidecarBudgetGate } from '#sidecar/budget/gate';
import { openJournal } from '#sidecar/budget/journal';
import { DEFAULT_SIDECAR_CONFIG, type SidecarConfig } from '#sidecar/config/sidecar-config';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { createSidecar, type Sidecar } from '#sidecar/sidecar';
import { createTelemetry, type SidecarTelemetry } from '#sidecar/telemetry/telemetry';
import { FileGrantStore } from '#treasury/stores/file-store';
import { Treasury } from '#treasury/treasury';
import type { CompiledFiles } from './compile-files.ts';
import { FilePolicySource } from './file-policy.ts';
import { nextCommands } from './next-commands.ts';

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
const ACKNOWLEDGE_MS = 1_000;

/** Runs until the process is told to stop. Throws with one sentence when it cannot start. */
export async function dev(options: DevOptions): Promise<void> {
  const money = openMoney(options.stateFolder);
  const telemetry = await createTelemetry({
    serviceName: 'remora-dev',
    logLevel: options.logLevel,
    now: Date.now,
    ...(options.env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
      ? {}
      : { otlpEndpoint: options.env.OTEL_EXPORTER_OTLP_ENDPOINT }),
  });
  const sidecar = createSidecar(configOf(options), {
    budgetGate: money.gate,
    compileGuardrails,
    telemetry,
    metrics: telemetry.metrics,
    now: Date.now,
    random: Math.random,
    newRequestId: randomUUID,
    onFault: (cause, requestId) =>
      telemetry.log.error({ requestId, cause: cause instanceof Error ? cause.stack : typeof cause }, 'internal fault'),
  });
  const running = { sidecar, money, telemetry };
  try {
    await serve(running, options);
  } catch (error) {
    await stop(running);
    throw error;
  }
}

interface Money {
  readonly gate: SidecarBudgetGate;
  close(): Promise<void>;
}

interface Running {
  readonly sidecar: Sidecar;
  readonly money: Money;
  readonly telemetry: SidecarTelemetry;
}

/** The same engine as in the cluster, over files. */
function openMoney(folder: string): Money {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const store = FileGrantStore.open(join(folder, 'budgets'));
  const treasury = new Treasury({ store, now: Date.now, newId: randomUUID });
  const instance = randomUUID();
  const journal = openJournal(join(folder, 'journal'));
  const gate = createBudgetGate({ authority: treasury.authorityFor(instance), journal, instance, now: Date.now });
  // There is no history to keep them: the log line is the record.
  const acknowledging = setInterval(() => {
    for (const record of gate.records(1_000)) gate.acknowledge(record.instance, record.seq);
  }, ACKNOWLEDGE_MS);
  return {
    gate,
    async close() {
      clearInterval(acknowledging);
      await gate.close();
      await treasury.close();
      journal.close();
      await store.close();
    },
  };
}

const configOf = ({ port, healthPort }: DevOptions): SidecarConfig => ({
  ...DEFAULT_SIDECAR_CONFIG,
  ingress: { host: LOOPBACK, port },
  health: { host: LOOPBACK, port: healthPort },
  drainMs: DRAIN_MS,
});

async function serve(running: Running, options: DevOptions): Promise<void> {
  const { sidecar, telemetry } = running;
  let latest: CompiledFiles | undefined;
  let isReady = false;
  const source = new FilePolicySource(options.paths, options, {
    onApplied(compiled) {
      latest = compiled;
      telemetry.metrics.policyApplied(compiled.hash, Date.now());
      if (isReady) say(`Policy ${compiled.hash.slice(0, 12)} is in force.${faultLines(compiled)}`);
    },
    onRefused: (reasons) =>
      say(`Refused; the last good policy goes on.\n${reasons.map((reason) => `  ${reason}`).join('\n')}`),
  });
  await source.load(sidecar.sink);
  const { ingress, health } = await sidecar.listen();
  if (latest !== undefined) say(readyText({ ingress, health, compiled: latest, files: options.paths }));
  isReady = true;
  source.start(sidecar.sink);
  await untilStopped();
  await source.close();
  await stop(running);
}

interface Ready {
  readonly ingress: AddressInfo;
  readonly health: AddressInfo;
  readonly compiled: CompiledFiles;
  readonly files: readonly string[];
}

const readyText = ({ ingress, health, compiled, files }: Ready): string =>
  nextCommands({
    url: `http://${LOOPBACK}:${ingress.port}`,
    healthUrl: `http://${LOOPBACK}:${health.port}`,
    policy: compiled.policy,
    files,
    notes: notesOf(compiled),
  });

/** A missing key has its own note, in the words of a laptop. */
const notesOf = (compiled: CompiledFiles): string[] => [
  ...compiled.notes,
  ...compiled.faults
    .filter(({ reason }) => reason !== 'SecretNotFound')
    .map(({ origin, object, message }) => `${origin}: ${object}: ${message}`),
];

const faultLines = (compiled: CompiledFiles): string =>
  notesOf(compiled)
    .map((note) => `\n  ${note}`)
    .join('');

async function stop({ sidecar, money, telemetry }: Running): Promise<void> {
  await sidecar.close({ deadlineMs: DRAIN_MS });
  await money.close();
  await telemetry.close();
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
