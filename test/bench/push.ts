/**
 * `npm run bench -- push`: how long a change of an AIRoute takes to every sidecar, and to its status. API server, operator, pods' tokens
 * and streams are real; what stands for a sidecar ends where its client hands the policy over.
 */
import { cpus, loadavg } from 'node:os';
import { API_GROUP_VERSION, KIND } from '#contract/names/api';
import { CONDITION } from '#contract/names/conditions';
import type { Condition } from '#contract/resources/fields';
import { KubeClient } from '#operator/kube/kube-client';
import { Reflector } from '#operator/kube/reflector';
import { type KubeObject, pathOf, remoraType } from '#operator/kube/resource-type';
import { createLog } from '#operator/telemetry/log';
import { directAccess } from '#test/operator/faulty-api';
import { World } from '#test/operator/world';
import type { TestScope } from '#test/support/api-server';
import { API_SERVER_BINARIES, BinariesUnavailable, ensureBinaries } from '#test/support/kube-binaries';
import type { RecordingSink } from '#test/sync/harness';
import { CannotRun } from './programs.ts';

const DEADLINE_MS = 90_000;
/** A status is written at most every two seconds per object: each route rests while the others are edited. */
const ROUNDS = 4;
const ROUTES = Array.from({ length: 25 }, (_, index) => `route-${index + 1}`);
const PODS = ['app-1', 'app-2', 'app-3'] as const;
const PROMISED_P99_MS = 1_000;

type Route = KubeObject & {
  readonly status?: { readonly programmed?: string; readonly conditions?: readonly Condition[] };
};

/** When something named happened for the first time, on `performance.now()`'s clock. */
class Moments {
  readonly #known = new Map<string, PromiseWithResolvers<number>>();

  note(what: string): void {
    this.#of(what).resolve(performance.now());
  }

  of(what: string): Promise<number> {
    return this.#of(what).promise;
  }

  #of(what: string): PromiseWithResolvers<number> {
    const known = this.#known.get(what) ?? Promise.withResolvers<number>();
    this.#known.set(what, known);
    return known;
  }
}

/** One generation of one route, as a pod runs it or as its status counts it. */
const named = (where: string, route: string, generation: number | undefined): string =>
  `${where} ${route} ${generation}`;

function noteApplied(sink: RecordingSink, pod: string, moments: Moments): void {
  const apply = sink.applyPolicy.bind(sink);
  sink.applyPolicy = (policy, hash) => {
    const result = apply(policy, hash);
    for (const { kind, name, generation } of policy.sources)
      if (kind === KIND.route) moments.note(named(pod, name, generation));
    return result;
  };
}

function noteProgrammed({ metadata, status }: Route, moments: Moments): void {
  const condition = status?.conditions?.find(({ type }) => type === CONDITION.programmed);
  if (status?.programmed === `${PODS.length}/${PODS.length}`)
    moments.note(named('status', metadata.name, condition?.observedGeneration));
}

/** Sees a route's status as `kubectl get --watch` does. */
function watchRoutes(world: World, moments: Moments): () => Promise<void> {
  const client = new KubeClient(directAccess(world.server));
  const log = createLog('error', process.stderr);
  const handler = { apply: (route: Route) => noteProgrammed(route, moments), remove: () => undefined };
  const watch = new Reflector<Route>({
    client,
    log,
    handler,
    namespace: world.namespace,
    type: remoraType(KIND.route),
  });
  watch.start();
  return async () => {
    await watch.stop();
    await client.close();
  };
}

/** Gives the generation that the API server answers with. */
async function edit(world: World, name: string, model: string): Promise<number> {
  const path = pathOf(remoraType(KIND.route), { namespace: world.namespace, name });
  const spec = { targets: [{ model: `mock/${model}` }] };
  const body = { apiVersion: API_GROUP_VERSION, kind: KIND.route, metadata: { name }, spec };
  const { metadata } = (await world.send('PATCH', path, body)) as KubeObject;
  return metadata.generation ?? 0;
}

interface Latencies {
  readonly pushedMs: number[];
  readonly programmedMs: number[];
}

async function measure(world: World, moments: Moments): Promise<Latencies> {
  const latencies: Latencies = { pushedMs: [], programmedMs: [] };
  for (let round = 1; round <= ROUNDS; round += 1) {
    const programmed: Promise<number>[] = [];
    for (const route of ROUTES) {
      const generation = await edit(world, route, `edit-${round}`);
      const answeredAt = performance.now();
      // What the operator heard before our own answer was read took no time.
      const since = (at: number): number => Math.max(0, at - answeredAt);
      const applied = PODS.map((pod) => moments.of(named(pod, route, generation)));
      latencies.pushedMs.push(since(Math.max(...(await Promise.all(applied)))));
      programmed.push(moments.of(named('status', route, generation)).then(since));
    }
    latencies.programmedMs.push(...(await Promise.all(programmed)));
  }
  return latencies;
}

async function prepare(world: World, moments: Moments): Promise<void> {
  const operator = await world.operator();
  await world.apply(KIND.provider, 'mock', { type: 'Mock' });
  const generations = await Promise.all(ROUTES.map((route) => edit(world, route, 'first')));
  for (const pod of PODS) world.sidecar(await world.pod(pod), operator, (sink) => noteApplied(sink, pod, moments));
  await Promise.all(ROUTES.map((route, index) => moments.of(named('status', route, generations[index]))));
}

/** By nearest rank. */
function percentile(values: readonly number[], percent: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil((values.length * percent) / 100) - 1] ?? Number.NaN;
}

function line(what: string, values: readonly number[]): string {
  const of = (percent: number): string => `${Math.round(percentile(values, percent))} ms`;
  return `${what.padEnd(46)} p50 ${of(50)}, p99 ${of(99)}, max ${of(100)}`;
}

function report({ pushedMs, programmedMs }: Latencies, loadBefore: number): string {
  const verdict = percentile(pushedMs, 99) <= PROMISED_P99_MS ? 'met' : 'not met';
  const loadAfter = loadavg()[0] ?? 0;
  return [
    `Measured on ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, ${cpus().length} cores, Node ${process.versions.node}.`,
    `Load average ${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after.`,
    `${pushedMs.length} edits of ${ROUTES.length} AIRoutes, one after the other, from the API server's answer on; ${PODS.length} sidecars.`,
    'API server and etcd run on the same machine; the operator and the clients of the sidecars share one process.',
    '',
    `${line('policy applied by every sidecar', pushedMs)}; promised p99 ≤ ${PROMISED_P99_MS} ms: ${verdict}`,
    `${line(`status.programmed says ${PODS.length}/${PODS.length} of this generation`, programmedMs)}; nothing promised`,
  ].join('\n');
}

async function run(scope: TestScope): Promise<Latencies> {
  const world = await World.open(scope);
  if (!world) throw new CannotRun('No API server can run here.');
  const moments = new Moments();
  scope.after(watchRoutes(world, moments));
  await prepare(world, moments);
  return measure(world, moments);
}

async function binaries(): Promise<void> {
  try {
    await ensureBinaries(API_SERVER_BINARIES);
  } catch (error) {
    throw error instanceof BinariesUnavailable ? new CannotRun(error.message, { cause: error }) : error;
  }
}

/**
 * Gives the figures as text, within 90 s once the API server's binaries are there. Rejects with CannotRun when they cannot be had.
 * After the time has run out what is under way is left to the end of the process.
 */
export async function benchPush(): Promise<string> {
  await binaries();
  const loadBefore = loadavg()[0] ?? 0;
  const closers: (() => unknown)[] = [];
  const late = Promise.withResolvers<never>();
  const fail = (): void => late.reject(new CannotRun(`Not all changes arrived within ${DEADLINE_MS / 1000} s.`));
  const timer = setTimeout(fail, DEADLINE_MS);
  try {
    const work = run({ after: (close) => void closers.push(close), skip: () => undefined });
    return report(await Promise.race([work, late.promise]), loadBefore);
  } finally {
    clearTimeout(timer);
    for (const close of closers.reverse()) await close();
  }
}
