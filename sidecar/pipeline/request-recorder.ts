/** Collects what is known of one request while it runs, and makes the record of it when it is over. */
import { REQUEST_HEADER } from '#contract/names/headers';
import type { Attribution, PolicyGuardrail } from '#contract/policy/policy';
import { addUsage, NO_USAGE } from '#sidecar/canonical/usage';
import type { RequestClass } from '#sidecar/classify/classify';
import type { AttemptSummary } from '#sidecar/errors/remora-error';
import type { ClassifierOutcome, RequestRecord } from '#sidecar/telemetry/request-record';
import type { Answerer } from './attempts/answer.ts';
import type { AttemptRecorder } from './attempts/attempt-recorder.ts';
import type { Call } from './call.ts';

type Outcome = RequestRecord['outcome'];
/** Providers decide how many different names there are. */
const MOST_LOST = 16;

type GuardrailAction = RequestRecord['guardrailActions'][number];

export class RequestRecorder {
  readonly startUnixMs: number;
  readonly attempts: AttemptRecorder[] = [];
  attribution: Attribution | undefined;
  user: string | undefined;
  policyHash: string | undefined;
  requestedModel: string | undefined;
  stream = false;
  outcome: Outcome = 'ok';
  status = 0;
  decidedBy: string | undefined;
  /** Known where something asked for it. */
  requestClass: RequestClass | undefined;
  /** What came of asking the classifier of the route; undefined: it has none, or was not asked. */
  classifier: ClassifierOutcome | undefined;
  readonly #call: Pick<Call, 'requestId' | 'endpoint' | 'headers'>;
  readonly #startMs = performance.now();
  readonly #guardrails = new Map<PolicyGuardrail, GuardrailAction>();
  #route: string | undefined;
  #rule: number | undefined;
  #answerer: Answerer | undefined;
  #firstChunkMs: number | undefined;
  readonly #lost = new Set<string>();

  constructor(call: Pick<Call, 'requestId' | 'endpoint' | 'headers'>, startUnixMs: number) {
    this.#call = call;
    this.startUnixMs = startUnixMs;
  }

  routeChosen(route: string, rule: number): void {
    this.#route = route;
    if (rule >= 0) this.#rule = rule;
  }

  /** Each guardrail counts once per request, however often it found something. */
  guardrailsFired(fired: readonly PolicyGuardrail[], stage: GuardrailAction['stage']): void {
    for (const guardrail of fired) {
      const name = `${guardrail.policy}/${guardrail.name}`;
      this.#guardrails.set(guardrail, { guardrail: name, action: guardrail.action, stage });
    }
  }

  /** What of the answer the client's API has no place for. */
  answerLost(names: readonly string[]): void {
    for (const name of names) if (this.#lost.size < MOST_LOST) this.#lost.add(name);
  }

  /** Whose answer the client gets. */
  answeredBy(answerer: Answerer): void {
    this.#answerer = answerer;
  }

  firstChunk(): void {
    this.#firstChunkMs ??= performance.now() - this.#startMs;
  }

  /** What an error answer tells of the attempts. */
  summaries(): AttemptSummary[] {
    return this.attempts.map((attempt) => attempt.summary());
  }

  /** Settles what is still open, as the end of a request must, whatever way it ended. */
  settleOpen(): void {
    for (const attempt of this.attempts) attempt.settle();
  }

  finish(): RequestRecord {
    const { endpoint, headers, requestId } = this.#call;
    return {
      requestId,
      traceparent: single(headers.traceparent),
      dialect: endpoint.dialect.id,
      operation: endpoint.dialect.operation,
      attribution: this.attribution,
      user: this.user,
      requestedModel: this.requestedModel,
      route: this.#route,
      rule: this.#rule,
      lane: this.#answerer?.lane.name ?? this.attempts.at(-1)?.lane,
      answeredBy: this.#answerer?.target,
      policyHash: this.policyHash,
      stream: this.stream,
      status: this.status,
      outcome: this.outcome,
      decidedBy: this.decidedBy,
      attempts: this.attempts.map((attempt) => attempt.record()),
      usage: usageOf(this.attempts),
      costNanoUsd: totalCost(this.attempts),
      guardrailActions: [...this.#guardrails.values()],
      ...(this.classifier && { classifier: this.classifier }),
      ...(this.requestClass && { requestClass: this.requestClass }),
      ...(this.#lost.size > 0 && { droppedOfAnswer: [...this.#lost] }),
      startUnixMs: this.startUnixMs,
      durationMs: performance.now() - this.#startMs,
      timeToFirstChunkMs: this.#firstChunkMs,
    };
  }
}

/** Attribution headers that a caller may set. */
export const callerHeader = (call: Call, name: keyof typeof REQUEST_HEADER): string | undefined =>
  single(call.headers[REQUEST_HEADER[name]]);

const single = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Of one attempt, which is nearly all requests, as it is. */
function usageOf(attempts: readonly AttemptRecorder[]): RequestRecord['usage'] {
  let sum: RequestRecord['usage'] | undefined;
  for (const { usage } of attempts) if (usage !== undefined) sum = sum === undefined ? usage : addUsage(sum, usage);
  return sum ?? NO_USAGE;
}

/** null as soon as one attempt that cost something has no known price; 0 without attempts. */
function totalCost(attempts: readonly AttemptRecorder[]): bigint | null {
  let sum = 0n;
  for (const { costNanoUsd } of attempts) {
    if (costNanoUsd === null) return null;
    sum += costNanoUsd;
  }
  return sum;
}
