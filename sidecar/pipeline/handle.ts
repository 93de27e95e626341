/** A request's way, one straight line of stages. Around it, and nowhere else: early ends, the record, the error answer. */
import type { BudgetGate } from '#sidecar/budget/budget-gate';
import type { LimitRefused } from '#sidecar/budget/limit-refused';
import { isAboutKept } from '#sidecar/canonical/operation';
import type { CredentialBroker } from '#sidecar/credentials/credential-broker';
import type { Telemetry } from '#sidecar/telemetry/request-record';
import type { Upstream } from '#sidecar/upstream/upstream';
import { type Keepers, learnKeeper } from './accounts/keepers.ts';
import { selectAccount } from './accounts/select-account.ts';
import type { Admission } from './admission/admission.ts';
import type { ProviderPlaces } from './admission/provider-places.ts';
import { type AttemptQuestion, attempt } from './attempt.ts';
import type { Answer } from './attempts/answer.ts';
import type { LimitQueue } from './attempts/limit-wait.ts';
import type { RetryBudgets } from './attempts/retry-budget.ts';
import type { AnswerCache } from './cache/answer-cache.ts';
import { type CacheVisit, visitCache } from './cache/visit-cache.ts';
import type { Call } from './call.ts';
import { deliver } from './deliver.ts';
import { isLowered, type Lowered, lower, notLowered } from './downgrade.ts';
import { encode } from './encode.ts';
import type { EndpointBalancer } from './endpoints/endpoint-balancer.ts';
import type { RatedAnswers } from './experiments/rated-answers.ts';
import type { Shadows } from './experiments/shadows.ts';
import type { VariantBoard } from './experiments/variant-board.ts';
import type { TargetHealth } from './health/target-health.ts';
import { inspectOutput } from './inspect-output.ts';
import { encodeLarge, isLargeAnswer, isLargeAnswerToInspect, runLarge } from './large.ts';
import { meter } from './meter.ts';
import type { PolicyHolder } from './policy/policy-holder.ts';
import type { RememberedAnswers } from './remembered/remembered-answers.ts';
import { tellRemembered } from './remembered/tell-remembered.ts';
import { renderFailure } from './render-failure.ts';
import { RequestRecorder } from './request-recorder.ts';
import { keepUnsent } from './row-labels.ts';
import { type RouteQuestion, type Selection, selectRoute } from './select-route.ts';
import type { LatencyView } from './strategies/latency/target-latencies.ts';
import type { Drains } from './streams/drains.ts';
import { joined } from './streams/joined-answer.ts';
import { judge, questionOf, type Understood, understand } from './understand.ts';
import { unhurried } from './unhurried.ts';

export interface PipelineDeps {
  readonly policies: PolicyHolder;
  readonly broker: CredentialBroker;
  readonly budgetGate: BudgetGate;
  readonly upstream: Upstream;
  readonly health: TargetHealth;
  readonly retries: RetryBudgets;
  readonly hedges: RetryBudgets;
  readonly endpoints: EndpointBalancer;
  readonly latencies: LatencyView;
  readonly keepers: Keepers;
  readonly remembered: RememberedAnswers;
  readonly cache: AnswerCache;
  readonly admission: Admission;
  readonly places: ProviderPlaces;
  /** Where requests wait for room in limits; undefined: nobody waits. */
  readonly limitQueue: LimitQueue | undefined;
  readonly drains: Drains;
  readonly variants: VariantBoard;
  readonly shadows: Shadows;
  readonly answers: RatedAnswers;
  readonly telemetry: Telemetry;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Milliseconds that never step back. */
  readonly monotonicMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Told of faults of our own, which a client sees as `internal`. */
  readonly onFault: (cause: unknown, requestId: string) => void;
}

/** Never rejects: whatever happens is told to the client and to the record. */
export async function handle(call: Call, deps: PipelineDeps): Promise<void> {
  const log = new RequestRecorder(call, deps.now());
  try {
    await pass({ call, log, deps });
  } catch (thrown) {
    // Before the answer: what was booked must be durable when its last byte leaves.
    log.settleOpen();
    call.scope.abandonAttempts();
    const error = renderFailure(thrown, call, log);
    if (error?.code === 'internal') deps.onFault(error.cause, call.requestId);
  } finally {
    log.settleOpen();
    call.scope.close();
    call.body.release();
    const record = log.finish();
    deps.telemetry.record(record);
    keepUnsent(record, call, deps.budgetGate, log.hit);
    deps.answers.remember(record, log.experiment && deps.variants.observe(log.experiment, record));
  }
}

export interface Passing {
  readonly call: Call;
  readonly log: RequestRecorder;
  readonly deps: PipelineDeps;
}

async function pass(passing: Passing): Promise<void> {
  const { call, log, deps } = passing;
  const understood = await understand(passing);
  if (tellRemembered(understood.decoded.request, { call, log, remembered: deps.remembered })) return;
  const asked = questionOf(understood, passing);
  const question = asked instanceof Promise ? await asked : asked;
  const selection = select(question, call);
  const { caller, decoded } = understood;
  const attempts = { call, log, deps, caller, decoded, selection };
  const visit = visitCache(attempts);
  try {
    // An answer that is here already takes nobody's place.
    const entering = visit?.hit === undefined ? enter(selection, passing) : undefined;
    if (entering !== undefined) await entering;
    await answer(attempts, understood, visit);
  } finally {
    visit?.leave();
  }
  const { variant } = selection;
  if (variant?.policy.mode !== 'Shadow') return;
  deps.shadows.copy({ question, decoded: understood.decoded, selection, variant }, deps);
}

export function select(question: RouteQuestion, { patienceMs }: Call): Selection {
  const { request } = question;
  const chosen = isAboutKept(request) ? selectAccount({ ...question, request }) : selectRoute(question);
  return patienceMs === undefined ? chosen : unhurried(chosen, patienceMs);
}

/** From here on all attempts together have one deadline, which is the route's; a route that bounds its requests may let this one wait. */
function enter(selection: Selection, { call, log, deps }: Passing): Promise<void> | undefined {
  const { totalMs, key, stream } = selection.route.policy;
  call.scope.limitTo(totalMs, key);
  const drains = stream?.onClientGone === 'Drain' && log.stream;
  const entered = (): void => {
    if (drains) deps.drains.offer(call.scope);
  };
  const turn = deps.admission.enter(call, selection, log);
  if (turn !== undefined) return turn.then(entered);
  entered();
  return undefined;
}

/** A limit has the request go to another model. As `lower`. */
export const lowered = (refused: LimitRefused, understood: Understood, passing: Passing): Promise<Lowered> =>
  lower(refused, understood, passing, { judge, questionOf, select });

interface Answered {
  readonly given: Answer;
  readonly attempts: AttemptQuestion;
}

async function answeredByOther(refused: LimitRefused, asked: Understood, passing: Passing): Promise<Answered> {
  try {
    passing.call.scope.throwIfCancelled();
    const { selection, understood } = await lowered(refused, asked, passing);
    passing.call.scope.beginAnew();
    await enter(selection, passing);
    const attempts = { ...passing, caller: understood.caller, decoded: understood.decoded, selection };
    return { given: await attempt(attempts), attempts };
  } catch (thrown) {
    throw notLowered(refused, thrown, passing);
  }
}

async function answer(asked: AttemptQuestion, understood: Understood, visit: CacheVisit | undefined): Promise<void> {
  const { call, log, deps } = asked;
  let given = visit?.hit;
  let attempts = asked;
  try {
    given ??= await attempt(asked);
  } catch (thrown) {
    if (!isLowered(thrown, understood)) throw thrown;
    ({ given, attempts } = await answeredByOther(thrown, understood, asked));
  }
  const { decoded, selection } = attempts;
  const whole = joined(given, attempts, understood.snapshot);
  // Before guardrails: what they leave of it is decided each time that it is given.
  const committed = visit?.collect(whole) ?? whole;
  log.answeredBy(committed.by);
  learnKeeper(committed.by, decoded, deps.keepers);
  // After the commit point: what is inspected, metered and written is one answer of one target.
  const inspected = isLargeAnswerToInspect(committed)
    ? await runLarge(() => inspectOutput(committed, log), call.scope)
    : inspectOutput(committed, log);
  // After inspection and before encoding: booked is what the provider did, and the cost is known when the last byte is written.
  const metered = meter(inspected);
  const written = { call, decoded, selection, log, nowUnixMs: deps.now(), remembered: deps.remembered };
  const outgoing = isLargeAnswer(metered) ? await encodeLarge(metered, written) : encode(metered, written);
  const delivered = deliver(outgoing, call, log);
  if (delivered !== undefined) await delivered;
  visit?.keep();
}
