/** Lets a request of a route with `concurrency` begin: at once, in its turn, or not at all. Others pay nothing. */
import type { PolicyConcurrency, PolicyRoute } from '#contract/policy/policy';
import { routeShareKey } from '#contract/policy/share-key';
import { PRIORITIES } from '#contract/resources/route-concurrency';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Call } from '#sidecar/pipeline/call';
import type { RequestRecorder } from '#sidecar/pipeline/request-recorder';
import type { Selection } from '#sidecar/pipeline/select-route';
import type { RouteCount } from '#sidecar/telemetry/admission-count';
import { Gate } from './gate.ts';
import { pass, type Refused, type Stop } from './pass.ts';
import { SharedGate } from './shared-gate.ts';
import type { SharedGates } from './shared-gates.ts';

const RETRY_MS = 1_000;

type Bounds = NonNullable<PolicyRoute['concurrency']>;

interface Entering extends Pick<Selection, 'priority'> {
  readonly route: Pick<Selection['route'], 'policy'>;
}

export class Admission {
  /** Those that each route's requests go through; as many as the policies of this process ever had. They outlive a policy, since requests do. */
  readonly #gates = new Map<string, { perPod?: Gate; fleet?: Gate }>();
  readonly #shared: SharedGates;
  readonly #nowMs: () => number;

  /** Monotonic. */
  constructor(nowMs: () => number, shared: SharedGates) {
    this.#nowMs = nowMs;
    this.#shared = shared;
  }

  /** Resolves when the request may begin; it counts until its scope is closed. Rejects with `overloaded` or the cause of a cancel. */
  enter(
    call: Pick<Call, 'scope'>,
    selection: Entering,
    log: Pick<RequestRecorder, 'queued'>,
  ): Promise<void> | undefined {
    return selection.route.policy.concurrency === undefined ? undefined : this.#enter(call, selection, log);
  }

  /** One entry for each route and class. */
  counts(): RouteCount[] {
    return [...this.#gates].flatMap(([route, { perPod, fleet }]) =>
      PRIORITIES.map((priority) => ({
        route,
        priority,
        // Behind the last of them.
        running: (fleet ?? perPod)?.running[priority] ?? 0,
        waiting: (perPod?.waiting[priority] ?? 0) + (fleet?.waiting[priority] ?? 0),
      })),
    );
  }

  async #enter(
    { scope }: Pick<Call, 'scope'>,
    { route, priority }: Entering,
    log: Pick<RequestRecorder, 'queued'>,
  ): Promise<void> {
    const { key, concurrency = {} } = route.policy;
    const stops = this.#stopsOf(key, concurrency);
    const sinceMs = this.#nowMs();
    const refused = await pass(stops, { scope, priority });
    const waitedMs = Math.round(this.#nowMs() - sinceMs);
    log.queued = { priority, waitedMs, ...(refused && { refused: refused.why }) };
    if (refused !== undefined) throw overloaded(key, refused);
    scope.atEnd(() => {
      for (const { gate } of stops) gate.leave(priority);
    });
  }

  #stopsOf(route: string, { perPod, fleet }: Bounds): Stop[] {
    const gates = this.#gatesOf(route);
    const stops: Stop[] = [];
    if (perPod !== undefined) {
      gates.perPod ??= new Gate();
      if (gates.perPod.max !== perPod.max) gates.perPod.max = perPod.max;
      stops.push(stopAt(gates.perPod, perPod));
    }
    if (fleet !== undefined) {
      gates.fleet = this.#shared.gateOf(routeShareKey(route));
      stops.push(stopAt(gates.fleet, fleet));
    }
    return stops;
  }

  #gatesOf(route: string): { perPod?: Gate; fleet?: Gate } {
    let gates = this.#gates.get(route);
    if (gates === undefined) {
      gates = {};
      this.#gates.set(route, gates);
    }
    return gates;
  }
}

const stopAt = (gate: Gate, { queue, deadlineMs }: PolicyConcurrency): Stop => ({ gate, queue, deadlineMs });

function overloaded(route: string, { stop: { gate, queue, deadlineMs }, why }: Refused): RemoraError {
  const isOfFleet = gate instanceof SharedGate;
  const underWay = isOfFleet
    ? `all that this pod may have under way are (${gate.max}, its share of all pods')`
    : `${gate.max} of ${gate.max} requests are under way`;
  const cause =
    why === 'full'
      ? `is full here: ${underWay} and ${queue} of ${queue} wait.`
      : `had no turn for the request within ${deadlineMs} ms.`;
  return new RemoraError({
    code: 'overloaded',
    message: `AIRoute ${route} ${cause} Retry after a second, or have its ${isOfFleet ? 'concurrency.max' : 'concurrency.perPod'} raised.`,
    object: `AIRoute ${route}`,
    retryAfterMs: RETRY_MS,
  });
}
