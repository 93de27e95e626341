/** One attempt's facts and its reservation: what was used is settled once, at the latest when the request ends. */

import type { AttemptOutcome, Growth, Reservation } from '#sidecar/budget/budget-gate';
import type { AttemptEnd } from '#sidecar/budget/usage-record';
import type { FinishReason } from '#sidecar/canonical/chat-response';
import type { LimitView } from '#sidecar/canonical/limit-view';
import type { CanonicalResponse } from '#sidecar/canonical/request';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { Usage } from '#sidecar/canonical/usage';
import type { AttemptFailureKind } from '#sidecar/errors/attempt-failure';
import type { AttemptSummary } from '#sidecar/errors/remora-error';
import type { Place } from '#sidecar/pipeline/admission/shared-gate';
import type { EndpointBalancer } from '#sidecar/pipeline/endpoints/endpoint-balancer';
import type { AttemptFacts, TargetHealth } from '#sidecar/pipeline/health/target-health';
import type { CompiledEndpoint } from '#sidecar/pipeline/policy/snapshot';
import type { RequestScope } from '#sidecar/pipeline/scope/request-scope';
import { generatedWith, wholeTokens } from '#sidecar/pipeline/streams/generated-tokens';
import { type AttemptRecord, CUT_BY_BUDGET, SUPERSEDED } from '#sidecar/telemetry/request-record';
import { attemptEnd } from './attempt-end.ts';
import type { Candidate } from './candidate.ts';
import type { LaneName, StreamItem } from './lanes/lane.ts';
import type { Plan } from './plan.ts';
import { redactorFor } from './redact-credential.ts';
import { hidesNothing } from './shown-output.ts';

export interface RecorderDeps {
  readonly endpoints: Pick<EndpointBalancer, 'choose' | 'instead'>;
  readonly health: Pick<TargetHealth, 'attemptBegan' | 'firstContent' | 'attemptEnded'>;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds that never step back. */
  readonly monotonicMs: () => number;
}

/** What the attempt has until it is settled. */
interface Held {
  readonly reservation: Reservation;
  readonly place: Place;
}

/** The part of an `AttemptQuestion` that is needed here. */
interface RecorderQuestion {
  readonly deps: RecorderDeps;
  readonly call: { readonly scope: Pick<RequestScope, 'isSuperseded' | 'isHedge' | 'cause'> };
}

export class AttemptRecorder {
  readonly lane: LaneName;
  outcome: AttemptFacts['outcome'] = 'ok';
  status: number | undefined;
  upstreamRequestId: string | undefined;
  usage: Usage | undefined;
  costNanoUsd: bigint | null = null;
  /** The server that is asked. */
  endpoint: CompiledEndpoint;
  readonly #candidate: Candidate;
  readonly #scope: RecorderQuestion['call']['scope'];
  readonly #isHedge: boolean;
  readonly #reservation: Reservation;
  readonly #place: Place;
  readonly #startUnixMs: number;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  readonly #health: RecorderDeps['health'];
  readonly #endpoints: RecorderDeps['endpoints'];
  #endMs: number | undefined;
  #firstChunkMs: number | undefined;
  #responseModel: string | undefined;
  readonly #finishReasons: FinishReason[] = [];
  #ids: readonly string[] = [];
  #isFinished = false;
  #isCut = false;
  /** The request was over before the answer. */
  #isLeft = false;
  /** Output tokens that have come, at most; undefined: nobody can tell, since what is billed need not be sent. */
  #generated: number | undefined;
  #settled = false;
  #estimated = false;
  /** What to book when no usage is reported; nothing until the request is on its way. */
  #billing: 'nothing' | 'unknown' = 'nothing';

  constructor(
    { candidate, lane }: Pick<Plan, 'candidate' | 'lane'>,
    { reservation, place }: Held,
    { deps, call }: RecorderQuestion,
  ) {
    this.#candidate = candidate;
    this.#scope = call.scope;
    this.#isHedge = call.scope.isHedge;
    this.lane = lane.name;
    this.#reservation = reservation;
    this.#place = place;
    this.#startUnixMs = deps.now();
    this.#nowMs = deps.monotonicMs;
    this.#startMs = this.#nowMs();
    this.#health = deps.health;
    this.#endpoints = deps.endpoints;
    this.endpoint = deps.endpoints.choose(candidate.provider);
    if (hidesNothing(candidate)) this.#generated = 0;
    deps.health.attemptBegan(candidate, this.endpoint);
  }

  get target(): string {
    return this.#candidate.target.policy.name;
  }

  get limits(): readonly LimitView[] | undefined {
    return this.#reservation.limits?.();
  }

  /** The server could not be reached; false: there is no other one to ask. */
  turnsElsewhere(): boolean {
    const other = this.#endpoints.instead(this.#candidate.provider, this.endpoint);
    if (other !== undefined) this.endpoint = other;
    return other !== undefined;
  }

  /** From here on the provider may bill. */
  sending(): void {
    this.#billing = 'unknown';
  }

  /** The first content is here. */
  firstChunk(): void {
    if (this.#firstChunkMs !== undefined) return;
    this.#firstChunkMs = this.#nowMs() - this.#startMs;
    this.#health.firstContent(this.#candidate, this.#firstChunkMs);
  }

  /** Reads a whole answer. */
  answered({ id = '', model, choices, usage, keptIds }: CanonicalResponse): void {
    this.#answeredAs({ id, model });
    if (keptIds !== undefined) this.#ids = keptIds;
    for (const { finishReason } of choices ?? []) this.#finishReasons.push(finishReason);
    this.#isFinished = choices === undefined || choices.length > 0;
    this.usage = usage;
    if (usage === undefined && this.#generated !== undefined) this.#generated = wholeTokens(choices);
  }

  /** A part of a stream has come. */
  delivered(item: StreamItem): void {
    if (this.#generated !== undefined) this.#generated = generatedWith(this.#generated, item);
  }

  /** Reads one event of a stream. */
  observe(event: StreamEvent): void {
    if (event.type === 'usage') this.usage = event.usage;
    else if (event.type === 'response-start') this.#answeredAs(event);
    else if (event.type === 'finish') {
      this.#isFinished = true;
      this.#finishReasons.push(event.reason);
    }
  }

  #answeredAs({ id, model }: { readonly id: string; readonly model: string }): void {
    this.#ids = [id];
    this.#responseModel = model === '' ? undefined : model;
    if (this.#candidate.provider.adapter.requestIdHeader === undefined && id !== '') this.upstreamRequestId = id;
  }

  /** By which the account may keep what it answered. */
  get ids(): readonly string[] {
    return this.#ids;
  }

  /** Absent: all that it may use is reserved. */
  get growth(): Growth | undefined {
    return this.#reservation.growth;
  }

  /** The provider has told what the answer used. */
  get isAccounted(): boolean {
    return this.#isFinished && this.usage !== undefined;
  }

  /** Its budget has ended the answer, which says nothing of the target. */
  cutByBudget(): void {
    this.#isCut = true;
    this.#finishReasons.push('length');
  }

  failed(outcome: AttemptFailureKind, billing: 'nothing' | 'unknown', status?: number): void {
    this.outcome = outcome;
    this.#billing = billing;
    this.status ??= status;
    this.settle();
  }

  /**
   * Gives its place back and books what was used; a second call changes nothing. Usage counts only with a finish: before it a provider reports what it has
   * read so far, which is less than it bills.
   */
  settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#endMs = this.#nowMs();
    this.#place.leave();
    const { costNanoUsd, estimated } = this.#reservation.settle(this.#used(), this.#end(this.#endMs));
    this.costNanoUsd = costNanoUsd;
    this.#estimated = estimated;
    this.#health.attemptEnded(this.#candidate, {
      endpoint: this.endpoint,
      outcome: this.outcome,
      elapsedMs: this.#endMs - this.#startMs,
      firstContentMs: this.#firstChunkMs,
      usage: this.usage,
    });
  }

  /** The request is over: whatever was not read is read by nobody. */
  leave(): void {
    this.#isLeft = true;
    this.settle();
  }

  #used(): AttemptOutcome {
    const usage = this.#isFinished ? this.usage : undefined;
    // What is left of a slice may be on its way.
    const generated = this.growth?.outputTokens ?? this.#generated;
    const deliveredTokensAtMost = this.#firstChunkMs === undefined ? undefined : generated;
    if (usage !== undefined) return { usage, billing: 'reported' };
    const wasRefused = this.#billing === 'nothing' && this.status !== undefined;
    const isWhole = this.outcome === 'ok' && !this.#isLeft && !this.#isCut && !this.#scope.isSuperseded;
    return {
      usage,
      billing: isWhole ? 'reported' : this.#billing,
      ...(deliveredTokensAtMost !== undefined && { deliveredTokensAtMost }),
      ...(wasRefused && { wasRefused }),
    };
  }

  #end(endMs: number): AttemptEnd {
    const { isSuperseded, cause } = this.#scope;
    return attemptEnd({
      outcome: this.#isCut ? CUT_BY_BUDGET : this.outcome,
      isLeft: this.#isLeft && !this.#isFinished,
      ...{ isSuperseded, isHedge: this.#isHedge, cause },
      totalMs: endMs - this.#startMs,
      firstTokenMs: this.#firstChunkMs,
    });
  }

  /** As it is told: who answered too late for anybody to hear is neither sound nor failed. */
  get #told(): AttemptRecord['outcome'] {
    if (this.#isCut) return CUT_BY_BUDGET;
    const isCutShort = this.outcome === 'ok' || this.outcome === 'aborted';
    return isCutShort && this.#scope.isSuperseded ? SUPERSEDED : this.outcome;
  }

  summary(): AttemptSummary {
    return {
      target: this.target,
      outcome: this.#told,
      ...(this.status === undefined ? {} : { status: this.status }),
      ms: Math.round((this.#endMs ?? this.#nowMs()) - this.#startMs),
    };
  }

  record(): AttemptRecord {
    const { provider, target, model } = this.#candidate;
    const redact = redactorFor(this.#candidate);
    return {
      target: target.policy.name,
      providerName: provider.adapter.telemetryName,
      requestModel: model,
      responseModel: this.#responseModel && redact(this.#responseModel),
      serverAddress: this.endpoint.serverAddress,
      serverPort: this.endpoint.serverPort,
      startUnixMs: this.#startUnixMs,
      durationMs: (this.#endMs ?? this.#nowMs()) - this.#startMs,
      timeToFirstChunkMs: this.#firstChunkMs,
      outcome: this.#told,
      hedge: this.#isHedge || undefined,
      status: this.status,
      usage: this.usage,
      costNanoUsd: this.costNanoUsd,
      estimated: this.#estimated,
      upstreamRequestId: this.upstreamRequestId && redact(this.upstreamRequestId),
      finishReasons: this.#finishReasons.length === 0 ? undefined : this.#finishReasons,
    };
  }
}
