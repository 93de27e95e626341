/** Lets a request of a route with `concurrency` begin: at once, in its turn, or not at all. Others pay nothing. */
import type { PolicyConcurrency } from '#contract/policy/policy';
import { PRIORITIES } from '#contract/resources/route-concurrency';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { CompiledRoute } from '#sidecar/pipeline/policy/snapshot';
import type { AdmissionCount } from '#sidecar/telemetry/admission-count';
import { type PriorityQuestion, priorityOf } from './priority.ts';
import { type Place, RouteQueue } from './route-queue.ts';

const RETRY_MS = 1_000;

export class Admission {
  /** By route; as many as the policies of this process ever had. They outlive a policy, since requests do. */
  readonly #queues = new Map<string, RouteQueue>();
  readonly #nowMs: () => number;

  /** Monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Resolves when the request may begin; it counts until its scope is closed. Rejects with `overloaded` or the cause of a cancel. */
  enter(question: PriorityQuestion, route: CompiledRoute): Promise<void> | undefined {
    const limits = route.policy.concurrency?.perPod;
    return limits === undefined ? undefined : this.#enter(question, route, limits);
  }

  /** One entry for each route and class. */
  counts(): AdmissionCount[] {
    return [...this.#queues].flatMap(([route, { running, waiting }]) =>
      PRIORITIES.map((priority) => ({
        route,
        priority,
        running: running[priority],
        waiting: waiting[priority],
      })),
    );
  }

  async #enter(question: PriorityQuestion, route: CompiledRoute, limits: PolicyConcurrency): Promise<void> {
    const { call, log } = question;
    const { scope } = call;
    const { key } = route.policy;
    const queue = this.#queueOf(key);
    const priority = priorityOf(question, route);
    const place = queue.enter(priority, limits);
    if (place === undefined) {
      log.queued = { priority, waitedMs: 0, refused: 'full' };
      throw full(key, limits);
    }
    scope.atEnd(() => queue.leave(place));
    const sinceMs = this.#nowMs();
    const came = place.isRunning || (await scope.waitFor(limits.deadlineMs, (wake) => wakeAt(place, wake)));
    log.queued = { priority, waitedMs: this.#nowMs() - sinceMs, ...(!came && { refused: 'late' }) };
    if (!came) throw late(key, limits);
  }

  #queueOf(route: string): RouteQueue {
    let queue = this.#queues.get(route);
    if (queue === undefined) {
      queue = new RouteQueue();
      this.#queues.set(route, queue);
    }
    return queue;
  }
}

function wakeAt(place: Place, wake: () => void): void {
  place.onAdmitted = wake;
}

const full = (route: string, { max, queue }: PolicyConcurrency): RemoraError =>
  overloaded(route, `is full here: ${max} of ${max} requests are under way and ${queue} of ${queue} wait.`);

const late = (route: string, { deadlineMs }: PolicyConcurrency): RemoraError =>
  overloaded(route, `had no turn for the request within ${deadlineMs} ms.`);

const overloaded = (route: string, cause: string): RemoraError =>
  new RemoraError({
    code: 'overloaded',
    message: `AIRoute ${route} ${cause} Retry after a second, or have its concurrency.perPod raised.`,
    object: `AIRoute ${route}`,
    retryAfterMs: RETRY_MS,
  });
