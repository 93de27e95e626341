/** Collects what is known of one request while it runs, and makes the record of it when it is over. */
import { REQUEST_HEADER } from '#contract/names/headers';
import { ownerText } from '#contract/policy/book-id';
import type { Attribution, PolicyBudget, PolicyGuardrail } from '#contract/policy/policy';
import type { StrategyName } from '#contract/resources/target-choice';
import type { RowLabels } from '#sidecar/budget/usage-record';
import { addUsage, NO_USAGE } from '#sidecar/canonical/usage';
import type { RequestClass } from '#sidecar/classify/classify';
import type { AttemptSummary, RemoraError } from '#sidecar/errors/remora-error';
import type { ClassifierOutcome, RequestRecord, RetryDenial } from '#sidecar/telemetry/request-record';
import type { Answerer } from './attempts/answer.ts';
import type { AttemptRecorder } from './attempts/attempt-recorder.ts';
import type { Call } from './call.ts';
import { clientRetryOf } from './client-retry.ts';
import type { LeftOut, LeftOutBy } from './left-out.ts';
import type { CompiledTarget, CompiledVariant, Experiment } from './policy/snapshot.ts';
import type { Order } from './strategies/strategy.ts';

type Outcome = RequestRecord['outcome'];
/** Providers decide how many different names there are. */
const MOST_LOST = 16;

type GuardrailAction = RequestRecord['guardrailActions'][number];
type WouldHave = NonNullable<RequestRecord['wouldHave']>[number];
type Required = NonNullable<RequestRecord['required']>[number];
type FailedExpression = NonNullable<RequestRecord['failedExpressions']>[number];
type Unfit = NonNullable<RequestRecord['unfit']>[number];

const NONE: readonly never[] = [];
/** Of what a request waited for, where that is a limit. */
export const LIMIT_PREFIX = 'limit:';

export class RequestRecorder {
  readonly startUnixMs: number;
  readonly attempts: AttemptRecorder[] = [];
  retries = 0;
  readonly retriesDenied: RetryDenial[] = [];
  attribution: Attribution | undefined;
  user: string | undefined;
  /** `namespace/name` of the AIKey that it came with. */
  key: string | undefined;
  policyHash: string | undefined;
  requestedModel: string | undefined;
  stream = false;
  outcome: Outcome = 'ok';
  status = 0;
  decidedBy: string | undefined;
  /** Known where something asked for it. */
  requestClass: RequestClass | undefined;
  /** Of a request whose route bounds how many are under way, or that a provider had no room for. */
  queued: RequestRecord['queued'];
  /** The limit that lowered it, and to which model. */
  downgraded: RequestRecord['downgraded'];
  /** What the cache of the route did. */
  cache: RequestRecord['cache'];
  /** Why it did nothing. */
  cacheSkip: RequestRecord['cacheSkip'];
  /** What its row says of an answer that was given before; undefined: it is none. */
  hit: RowLabels | undefined;
  /** Targets that went on with what the answering one began. */
  readonly continuedBy: string[] = [];
  /** Of the rule that decided. */
  experiment: Experiment | undefined;
  /** The variant whose answer the client is to get. */
  variant: string | undefined;
  /** What came of asking the classifier of the route; undefined: it has none, or was not asked. */
  classifier: ClassifierOutcome | undefined;
  readonly #call: Pick<Call, 'requestId' | 'endpoint' | 'headers'>;
  readonly #startMs = performance.now();
  readonly #guardrails = new Map<PolicyGuardrail, GuardrailAction>();
  #route: string | undefined;
  #rule: number | undefined;
  #strategy: StrategyName | undefined;
  #order: Order | undefined;
  #isShadow = false;
  #answerer: Answerer | undefined;
  #firstChunkMs: number | undefined;
  readonly #lost = new Set<string>();
  // Made where there is something to tell, which is nowhere for most requests.
  #wouldHave: Map<string, WouldHave> | undefined;
  #required: Required[] | undefined;
  #failedExpressions: Map<string, FailedExpression> | undefined;
  #leftOut: LeftOut[] | undefined;
  #unfit: Map<string, Unfit> | undefined;

  constructor(call: Pick<Call, 'requestId' | 'endpoint' | 'headers'>, startUnixMs: number) {
    this.#call = call;
    this.startUnixMs = startUnixMs;
  }

  get isShadow(): boolean {
    return this.#isShadow;
  }

  routeChosen(route: string, rule: number): void {
    this.#route = route;
    if (rule >= 0) this.#rule = rule;
  }

  orderChosen(strategy: StrategyName, order: Order): void {
    this.#strategy = strategy;
    this.#order = order;
  }

  /** `variant`: undefined where the rule decides alone. */
  drawn(experiment: Experiment, variant: CompiledVariant | undefined): void {
    this.experiment = experiment;
    if (variant?.policy.mode === 'Live') this.variant = variant.policy.name;
  }

  /** Records a copy of that request, which goes to a variant. */
  copies(
    { attribution, user, key, policyHash, requestedModel, stream }: RequestRecorder,
    variant: CompiledVariant,
  ): void {
    Object.assign(this, { attribution, user, key, policyHash, requestedModel, stream });
    this.variant = variant.policy.name;
    this.#isShadow = true;
  }

  /** Each guardrail counts once per request, however often it found something. */
  guardrailsFired(fired: readonly PolicyGuardrail[], stage: GuardrailAction['stage']): void {
    for (const guardrail of fired) {
      const name = `${guardrail.policy}/${guardrail.name}`;
      this.#guardrails.set(guardrail, { guardrail: name, action: guardrail.action, stage });
    }
  }

  /** A guardrail has ended the answer: what comes further is for nobody. */
  get isAnswerBlocked(): boolean {
    return [...this.#guardrails.values()].some(({ action, stage }) => action === 'Block' && stage === 'Output');
  }

  /** What an observed guardrail found, once per request. */
  guardrailsWatched(found: readonly PolicyGuardrail[]): void {
    for (const { policy, name, action } of found) this.#wouldHaveDone({ policy, rule: name, action });
  }

  /** An observed rule would have left so many of the targets. */
  wouldHaveLeft(by: Pick<WouldHave, 'policy' | 'rule'>, left: number, targets: number): void {
    if (left < targets) this.#wouldHaveDone({ ...by, action: left === 0 ? 'Refuse' : 'Restrict' });
  }

  /** An observed AIPolicy would have given it another class. */
  wouldHaveClassed(policy: string, action: 'Lower' | 'Raise'): void {
    this.#wouldHaveDone({ policy, rule: 'priority', action });
  }

  /** Soft limits had no room for an attempt. */
  wouldHaveExceeded(budgets: readonly PolicyBudget[]): void {
    for (const budget of budgets)
      this.#wouldHaveDone({ policy: ownerText(budget), rule: budget.limit, action: 'Refuse' });
  }

  #wouldHaveDone(what: WouldHave): void {
    this.#wouldHave ??= new Map();
    this.#wouldHave.set(`${what.policy} ${what.rule} ${what.action}`, what);
  }

  /** It holds for this request. */
  required({ policy, tags }: Required): void {
    this.#required ??= [];
    // Each once, however often it is asked.
    if (!this.#required.some((known) => known.policy === policy && known.tags === tags))
      this.#required.push({ policy, tags });
  }

  /** The target is not asked. */
  leaveOut(target: CompiledTarget, by: LeftOutBy): void {
    this.#leftOut ??= [];
    this.#leftOut.push({ target, by });
  }

  get leftOut(): readonly LeftOut[] {
    return this.#leftOut ?? NONE;
  }

  /** The target was put behind the others; what is held against it first counts. */
  triedLast(target: string, reason: Unfit['reason']): void {
    this.#unfit ??= new Map();
    if (!this.#unfit.has(target)) this.#unfit.set(target, { target, reason });
  }

  /** Each counts once per request. */
  expressionFailed(expression: string, reason: string): void {
    this.#failedExpressions ??= new Map();
    this.#failedExpressions.set(expression, { expression, reason });
  }

  /** What of the answer the client's API has no place for. */
  answerLost(names: readonly string[]): void {
    for (const name of names) if (this.#lost.size < MOST_LOST) this.#lost.add(name);
  }

  /** Whose answer the client gets. */
  answeredBy(answerer: Answerer): void {
    this.#answerer = answerer;
  }

  /** A limit has ended the answer that was under way. */
  cutBy({ code, details: { object } }: RemoraError): void {
    this.outcome = code;
    this.decidedBy = object;
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
    for (const attempt of this.attempts) attempt.leave();
  }

  /** One target had no turn for it, and another one answered: then it was not refused. */
  #queued({ refused, ...queued }: NonNullable<RequestRecord['queued']>): RequestRecord['queued'] {
    const isRefused = this.outcome === 'overloaded' || isLimit(queued.waitedFor);
    return refused !== undefined && isRefused ? { ...queued, refused } : queued;
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
      key: this.key,
      requestedModel: this.requestedModel,
      route: this.#route,
      rule: this.#rule,
      strategy: this.#strategy,
      strategyReason: this.#order && reasonOf(this.#order, this.attempts[0]?.target),
      variant: this.variant,
      shadow: this.#isShadow || undefined,
      lane: this.#answerer?.lane.name ?? this.attempts.at(-1)?.lane,
      answeredBy: this.#answerer?.target,
      policyHash: this.policyHash,
      stream: this.stream,
      status: this.status,
      outcome: this.outcome,
      decidedBy: this.decidedBy,
      attempts: this.attempts.map((attempt) => attempt.record()),
      retries: this.retries,
      retriesDenied: this.retriesDenied,
      clientRetry: clientRetryOf(this.#call),
      usage: usageOf(this.attempts),
      costNanoUsd: totalCost(this.attempts),
      guardrailActions: [...this.#guardrails.values()],
      wouldHave: this.#wouldHave && [...this.#wouldHave.values()],
      required: this.#required,
      failedExpressions: this.#failedExpressions && [...this.#failedExpressions.values()],
      leftOut: this.#leftOut?.map(({ target, by }) => leftOutOf(target, by)),
      unfit: this.#unfit && [...this.#unfit.values()],
      classifier: this.classifier,
      requestClass: this.requestClass,
      droppedOfAnswer: this.#lost.size > 0 ? [...this.#lost] : undefined,
      continuedBy: this.continuedBy.length > 0 ? this.continuedBy : undefined,
      downgraded: this.downgraded,
      cache: this.cache,
      cacheSkip: this.cacheSkip,
      queued: this.queued && this.#queued(this.queued),
      startUnixMs: this.startUnixMs,
      durationMs: performance.now() - this.#startMs,
      timeToFirstChunkMs: this.#firstChunkMs,
    };
  }
}

/** Nobody else may have room for what a limit has none for. */
const isLimit = (waitedFor: string | undefined): boolean => waitedFor?.startsWith(LIMIT_PREFIX) === true;

const leftOutOf = (
  { policy }: CompiledTarget,
  { reason }: LeftOutBy,
): NonNullable<RequestRecord['leftOut']>[number] => ({
  target: policy.name,
  reason,
});

/** Longest name of a target in a reason. */
const LONGEST_NAME = 64;

/** Between the order and the first attempt a target may be passed over: denied, without a credential, unfit. */
function reasonOf({ targets, reason }: Order, attempted: string | undefined): string | undefined {
  const first = targets[0]?.policy.name;
  if (first === undefined || attempted === undefined || first === attempted) return reason;
  const passed = `${first.slice(0, LONGEST_NAME)} passed over`;
  return reason === undefined ? passed : `${reason}; ${passed}`;
}

/** Attribution headers that a caller may set. */
export const callerHeader = (call: Pick<Call, 'headers'>, name: keyof typeof REQUEST_HEADER): string | undefined =>
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
