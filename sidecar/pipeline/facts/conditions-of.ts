/** Whether the expressions of the policy hold for one request. Where the policy has none, nothing is made and nothing worked out. */
import { ExpressionFailed } from '#contract/expressions/compile-expression';
import { CallerFacts, type Facts, RequestFacts } from '#contract/expressions/fact-values';
import type { FactName } from '#contract/expressions/facts';
import type { Reads } from '#contract/expressions/inspect-syntax';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import { wordsOf } from '#sidecar/classify/words-of';
import { hasPiiSliced } from '#sidecar/guardrails/pii';
import type { Call } from '#sidecar/pipeline/call';
import type { Caller } from '#sidecar/pipeline/identify';
import { inTurns } from '#sidecar/pipeline/large';
import type { Condition, Conditions } from '#sidecar/pipeline/policy/condition';
import { routeOf, type Snapshot } from '#sidecar/pipeline/policy/snapshot';
import { classOf } from '#sidecar/pipeline/request-class';
import type { RequestRecorder } from '#sidecar/pipeline/request-recorder';
import { CALLER_TABLE, type FactSource, REQUEST_TABLE } from './tables.ts';

export interface ConditionsQuestion {
  readonly call: Call;
  readonly caller: Caller;
  readonly request: CanonicalRequest;
  readonly snapshot: Snapshot;
  readonly log: RequestRecorder;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const NONE: Conditions = { holds: (_, ifFailed) => ifFailed };

export const conditionsOf = (question: ConditionsQuestion): Conditions => {
  const { reads } = question.snapshot;
  return reads === undefined ? NONE : new RequestConditions(question, reads);
};

/** As `conditionsOf`, of a request in which to look for something takes long. */
export async function conditionsOfLarge(question: ConditionsQuestion): Promise<Conditions> {
  const { reads } = question.snapshot;
  if (reads === undefined) return NONE;
  if (!reads.facts.has('request.pii')) return new RequestConditions(question, reads);
  const pii = await inTurns(hasPiiSliced(question.request), question.call.scope);
  return new RequestConditions(question, reads, pii);
}

class RequestConditions implements Conditions {
  readonly #facts: Facts;
  readonly #log: RequestRecorder;

  constructor(question: ConditionsQuestion, { headers }: Reads, pii?: boolean) {
    const { call, caller, request, snapshot, log, now } = question;
    const requestClass = () => wordsOf(classOf(question, routeOf(request.model, snapshot)));
    const source: FactSource = { call, request, headers, requestClass, ...(pii !== undefined && { pii }) };
    this.#log = log;
    // Only names that the tables have are asked for: others are no expressions.
    this.#facts = {
      request: new RequestFacts((name) => REQUEST_TABLE[name as FactName<'request'>](source)),
      caller: new CallerFacts((name) => CALLER_TABLE[name as FactName<'caller'>](caller)),
      now: new Date(now()),
    };
  }

  holds({ place, expression }: Condition, ifFailed: boolean): boolean {
    try {
      return expression.holds(this.#facts);
    } catch (fault) {
      if (!(fault instanceof ExpressionFailed)) throw fault;
      this.#log.expressionFailed(place, fault.reason);
      return ifFailed;
    }
  }
}
