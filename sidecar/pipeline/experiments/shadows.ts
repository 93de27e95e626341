/** Copies of requests to variants whose answers nobody gets: sent after the real answer has left, read to their end, measured and thrown away. */
import type { ShadowLimits } from '#sidecar/config/sidecar-config';
import { RemoraError } from '#sidecar/errors/remora-error';
import { attempt } from '#sidecar/pipeline/attempt';
import type { Answer } from '#sidecar/pipeline/attempts/answer';
import { RetryBudgets } from '#sidecar/pipeline/attempts/retry-budget';
import type { DecodedRequest } from '#sidecar/pipeline/decode';
import type { PipelineDeps } from '#sidecar/pipeline/handle';
import type { TargetHealth } from '#sidecar/pipeline/health/target-health';
import { limitsWith } from '#sidecar/pipeline/policy/limit-sets';
import type { CompiledVariant } from '#sidecar/pipeline/policy/snapshot';
import { RequestRecorder } from '#sidecar/pipeline/request-recorder';
import type { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { RequestScope } from '#sidecar/pipeline/scope/request-scope';
import { candidatesOf, type RouteQuestion, type Selection } from '#sidecar/pipeline/select-route';
import { boundedUpstream } from './bounded-upstream.ts';

/** A request whose answer has left. */
export interface Copied {
  readonly question: RouteQuestion;
  readonly decoded: DecodedRequest;
  readonly selection: Selection;
  readonly variant: CompiledVariant;
}

interface Running extends Copied {
  readonly scope: RequestScope;
  readonly log: RequestRecorder;
  readonly deps: PipelineDeps;
}

const LAST_WORDS_MS = 500;

export class Shadows {
  readonly #limits: ShadowLimits;
  readonly #deadlines: Deadlines;
  readonly #health: TargetHealth;
  /** Their own, or copies would earn retries for those who wait. */
  readonly #retries: RetryBudgets;
  readonly #open = new Map<RequestScope, Promise<void>>();
  #bytes = 0;
  #closing = false;

  /** `health`: told what copies find out, which must move no target of those who wait for an answer. */
  constructor(limits: ShadowLimits, deadlines: Deadlines, health: TargetHealth) {
    this.#limits = limits;
    this.#deadlines = deadlines;
    this.#health = health;
    this.#retries = new RetryBudgets(() => deadlines.nowMs());
  }

  /** Returns at once and never throws: whatever happens is told to the record of the copy. */
  copy(copied: Copied, deps: PipelineDeps): void {
    const { question, decoded } = copied;
    const log = recorderOf(copied, deps.now());
    const bytes = decoded.content.bytes.length;
    const { most, requestBytes } = this.#limits;
    if (this.#closing || this.#open.size >= most || this.#bytes + bytes > requestBytes) {
      fail(log, new RemoraError({ code: 'overloaded', message: 'No room for a further copy.' }));
      tell(log, question, deps);
      return;
    }
    const scope = new RequestScope(this.#deadlines);
    this.#bytes += bytes;
    const done = this.#run({ ...copied, scope, log, deps }).finally(() => {
      this.#bytes -= bytes;
      this.#open.delete(scope);
    });
    this.#open.set(scope, done);
  }

  /** Ends all that are under way, and waits a moment until they are settled. */
  async close(): Promise<void> {
    this.#closing = true;
    const draining = new RemoraError({ code: 'draining', message: 'The sidecar is shutting down.' });
    const open = [...this.#open];
    for (const [scope] of open) scope.cancel(draining);
    const settled = Promise.withResolvers<void>();
    const guard = this.#deadlines.in(LAST_WORDS_MS, settled.resolve);
    // Some wait for a budget, which nobody can end.
    await Promise.race([Promise.all(open.map(([, done]) => done)), settled.promise]);
    this.#deadlines.cancel(guard);
  }

  async #run(running: Running): Promise<void> {
    const { scope, log, deps, question } = running;
    try {
      await readToEnd(await this.#ask(running), log);
      log.status = 200;
    } catch (thrown) {
      log.settleOpen();
      scope.abandonAttempts();
      const error = RemoraError.from(scope.cause ?? thrown);
      fail(log, error);
      if (error.code === 'internal') deps.onFault(error.cause, question.call.requestId);
    } finally {
      log.settleOpen();
      scope.close();
      tell(log, question, deps);
    }
  }

  #ask({ question, decoded, selection: { route, rule }, variant, scope, log, deps }: Running): Promise<Answer> {
    const call = { ...question.call, scope };
    const candidates = candidatesOf([variant.target], { ...question, call, log, route });
    scope.limitTo(Math.min(route.policy.totalMs, this.#limits.deadlineMs), route.policy.key);
    const upstream = boundedUpstream(deps.upstream, this.#limits.answerBytes);
    // They wait behind all who wait for an answer.
    const selection: Selection = { route, rule, candidates, priority: 'Low' };
    return attempt({
      call,
      caller: {
        ...question.caller,
        budgets: limitsWith(question.snapshot.budgets.copies, question.caller.heldTo?.budgets?.copies),
      },
      decoded,
      selection,
      log,
      deps: { ...deps, upstream, health: this.#health, retries: this.#retries, limitQueue: undefined },
    });
  }
}

async function readToEnd(answer: Answer, log: RequestRecorder): Promise<void> {
  log.answeredBy(answer.by);
  if (answer.kind === 'stream') while ((await answer.source.read()) !== null);
  answer.by.settle();
}

function recorderOf({ question: { call, log }, selection, variant }: Copied, nowUnixMs: number): RequestRecorder {
  const copy = new RequestRecorder(call, nowUnixMs);
  copy.routeChosen(selection.route.policy.key, selection.rule);
  copy.copies(log, variant);
  return copy;
}

function fail(log: RequestRecorder, error: RemoraError): void {
  log.outcome = error.code;
  log.status = error.status;
  log.decidedBy = error.details.object;
}

function tell(
  log: RequestRecorder,
  { log: { experiment } }: RouteQuestion,
  { telemetry, variants }: PipelineDeps,
): void {
  const record = log.finish();
  telemetry.record(record);
  if (experiment !== undefined) variants.observe(experiment, record);
}
