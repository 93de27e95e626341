/**
 * A place for each attempt at a provider: what all pods share of it, as far as this one goes. While nobody limits it an attempt is only
 * counted. Where there is no room another target has its turn at once, as after a refusal; where there is none left it waits by class.
 */
import { attemptShareKey, providerOfKey, providerShareKey } from '#contract/policy/share-key';
import { PRIORITIES } from '#contract/resources/route-concurrency';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import { resetMs } from '#sidecar/pipeline/attempts/retry-after';
import type { Call } from '#sidecar/pipeline/call';
import type { AttemptEnd, TargetObserver } from '#sidecar/pipeline/health/target-health';
import type { Snapshot } from '#sidecar/pipeline/policy/snapshot';
import type { RequestRecorder } from '#sidecar/pipeline/request-recorder';
import type { Selection } from '#sidecar/pipeline/select-route';
import type { Credentials } from '#sidecar/policy/policy-source';
import type { ProviderCount } from '#sidecar/telemetry/admission-count';
import type { Timers } from '#sidecar/time/timers';
import { pass } from './pass.ts';
import type { Place, SharedGate } from './shared-gate.ts';
import type { SharedGates } from './shared-gates.ts';

/** Where the route states no deadline. */
const DEADLINE_MS = 10_000;
/** At one gate; more than a process takes by default. */
const MOST_WAITING = 10_000;
/** Before the end of the whole request, so that it is told what it waited for. */
const LAST_WORDS_MS = 100;
/** A quota that fills up steadily has room long before it is whole again. */
const LONGEST_CLOSED_MS = 5_000;
const RETRY_MS = 1_000;

/** An attempt that is to begin. */
export interface PlaceQuestion {
  readonly call: Pick<Call, 'scope' | 'patienceMs'>;
  readonly selection: Pick<Selection, 'route' | 'priority'>;
  readonly log: Pick<RequestRecorder, 'queued'>;
}

interface Deps {
  readonly gates: SharedGates;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly nowUnixMs: () => number;
  readonly timers: Timers;
}

export class ProviderPlaces implements TargetObserver {
  readonly #deps: Deps;
  readonly #gateOf = new WeakMap<Candidate['target'], SharedGate>();
  #snapshot: Snapshot | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** null: there is no room, and `hasOther` says that somebody else may be asked. A RemoraError: there was none in time. Rejects with the cause of a cancel. */
  take(
    candidate: Candidate,
    question: PlaceQuestion,
    hasOther: () => boolean,
  ): Place | null | Promise<Place | RemoraError> {
    const gate = this.#of(candidate);
    const place = gate.take(question.selection.priority);
    if (place !== null || hasOther()) return place;
    return this.#wait(gate, question);
  }

  isUnfit(candidate: Candidate): boolean {
    return this.#deps.gates.bounding.size > 0 && this.#of(candidate).hasNoRoom;
  }

  attempted(candidate: Candidate, end: AttemptEnd): void {
    if (end.kind === 'rate-limited') this.#of(candidate).throttle();
  }

  /** The head of an answer: what is used up by it is not asked for again until there is some. */
  answered(candidate: Candidate, headers: Readonly<Record<string, string>>): void {
    for (const { remaining, reset } of candidate.provider.adapter.limitHeaders ?? [])
      if (headers[remaining] === '0')
        this.#close(this.#of(candidate), resetMs(headers[reset] ?? '', this.#deps.nowUnixMs()));
  }

  sweep(_credentials: Credentials, snapshot: Snapshot | undefined): void {
    if (snapshot === undefined || snapshot === this.#snapshot) return;
    this.#snapshot = snapshot;
    this.#deps.gates.stated(snapshot.policy);
  }

  /** Of what is limited now. */
  counts(): ProviderCount[] {
    return [...this.#deps.gates.bounding].flatMap(({ key, running, waiting }) => {
      const limited = providerOfKey(key);
      return limited === undefined
        ? []
        : PRIORITIES.map((priority) => ({
            ...limited,
            priority,
            running: running[priority],
            waiting: waiting[priority],
          }));
    });
  }

  async #wait(gate: SharedGate, { call, selection, log }: PlaceQuestion): Promise<Place | RemoraError> {
    const { priority } = selection;
    const { policy } = selection.route;
    const { scope, patienceMs } = call;
    const { fleet, perPod } = policy.concurrency ?? {};
    const before = log.queued?.waitedMs ?? 0;
    const patience = patienceMs ?? (fleet ?? perPod)?.deadlineMs ?? DEADLINE_MS;
    const deadlineMs = Math.max(0, Math.min(patience - before, scope.remainingMs - LAST_WORDS_MS));
    const queue = patienceMs === undefined ? MOST_WAITING : Number.MAX_SAFE_INTEGER;
    const full = gate.way.find(({ isFull }) => isFull) ?? gate;
    const sinceMs = this.#deps.nowMs();
    const refused = await pass(
      gate.way.map((each) => ({ gate: each, queue, deadlineMs })),
      { scope, priority },
    );
    const waitedFor = (refused?.stop.gate ?? full).key;
    const waitedMs = before + Math.round(this.#deps.nowMs() - sinceMs);
    log.queued = { priority, waitedMs, waitedFor, ...(refused && { refused: refused.why }) };
    return refused === undefined ? gate.places[priority] : saturated(refused.stop.gate, waitedMs);
  }

  /** Nobody had to be refused to learn it, yet it says the same. */
  #close(gate: SharedGate, ms: number): void {
    const { nowMs, timers } = this.#deps;
    const forMs = Math.min(ms, LONGEST_CLOSED_MS);
    if (forMs === 0) return;
    const untilMs = nowMs() + forMs;
    if (gate.closeUntil(untilMs)) gate.throttle();
    timers.after(forMs, () => gate.reopen(untilMs));
  }

  #of({ target, provider, model }: Candidate): SharedGate {
    const isPassed = provider.policy.limits !== undefined && model !== target.policy.model;
    let gate = isPassed ? undefined : this.#gateOf.get(target);
    if (gate === undefined) {
      gate = this.#deps.gates.gateOf(keyOf({ target, provider, model }));
      if (!isPassed) this.#gateOf.set(target, gate);
    }
    return gate;
  }
}

/** What an account keeps is asked for without a model. */
const keyOf = ({ target, provider, model }: Pick<Candidate, 'target' | 'provider' | 'model'>): string =>
  target.policy.model === ''
    ? providerShareKey(provider.policy.key)
    : attemptShareKey(provider.policy, target.policy, model);

function saturated({ key }: SharedGate, waitedMs: number): RemoraError {
  const { provider, model } = providerOfKey(key) ?? { provider: key, model: '' };
  return new RemoraError({
    code: 'overloaded',
    message: `AIProvider ${provider} takes no more${model === '' ? '' : ` of ${model}`} for now: all of its limit that this pod has is in use, and no turn came within ${waitedMs} ms. Retry after a second, add a fallback, or have the limit raised.`,
    object: `AIProvider ${provider}`,
    retryAfterMs: RETRY_MS,
  });
}
