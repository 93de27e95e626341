/** Whether the expressions of the policy hold for one request. Where the policy has none, nothing is made and nothing worked out. */
import { ExpressionFailed } from '#contract/expressions/compile-expression';
import { CallerFacts, type Facts, RequestFacts } from '#contract/expressions/fact-values';
import { FACTS, type FactName, type FactRow } from '#contract/expressions/facts';
import type { Reads } from '#contract/expressions/inspect-syntax';
import { wordsOf } from '#sidecar/classify/words-of';
import { type FoundPii, findPiiSliced } from '#sidecar/guardrails/pii';
import type { Call } from '#sidecar/pipeline/call';
import type { DecodedRequest } from '#sidecar/pipeline/decode';
import type { Caller } from '#sidecar/pipeline/identify';
import { inTurns, isLargeToInspect } from '#sidecar/pipeline/large';
import type { Condition, Conditions } from '#sidecar/pipeline/policy/condition';
import { routeOf, type Snapshot } from '#sidecar/pipeline/policy/snapshot';
import { classOf } from '#sidecar/pipeline/request-class';
import type { RequestRecorder } from '#sidecar/pipeline/request-recorder';
import { CALLER_TABLE, type FactSource, REQUEST_TABLE } from './tables.ts';

export interface ConditionsQuestion {
  readonly call: Call;
  readonly caller: Caller;
  readonly decoded: DecodedRequest;
  /** What the expressions of the policy ask for. */
  readonly reads: Reads;
  readonly snapshot: Snapshot;
  readonly log: RequestRecorder;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Of CEL's type int. */
const plainNumbers = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

/** Where the policy has none. */
export const NO_CONDITIONS: Conditions = { holds: () => undefined };

const PII_FACTS = ['request.pii', 'request.piiKinds'];

/** What takes long to find in a large request is found beforehand, in slices. */
export async function conditionsOf(question: ConditionsQuestion): Promise<Conditions> {
  const { call, decoded, reads } = question;
  if (!PII_FACTS.some((fact) => reads.facts.has(fact)) || !isLargeToInspect(decoded.content.bytes))
    return new RequestConditions(question);
  const kinds = reads.facts.has('request.piiKinds');
  return new RequestConditions(question, await inTurns(findPiiSliced(decoded.request, { kinds }), call.scope));
}

class RequestConditions implements Conditions {
  readonly #facts: Facts;
  readonly #log: RequestRecorder;

  constructor(question: ConditionsQuestion, pii?: FoundPii) {
    const { call, caller, decoded, reads, snapshot, log, now } = question;
    const { request } = decoded;
    const route = routeOf(request.model, snapshot);
    const requestClass = () => wordsOf(classOf({ call, caller, request, log }, route));
    const source: FactSource = {
      call,
      request,
      headers: reads.headers,
      requestClass,
      ...(pii !== undefined && { pii }),
    };
    this.#log = log;
    // Only names that the tables have are asked for: others are no expressions.
    this.#facts = {
      request: new RequestFacts((name) => REQUEST_TABLE[name as FactName<'request'>](source)),
      caller: new CallerFacts((name) => CALLER_TABLE[name as FactName<'caller'>](caller)),
      now: new Date(now()),
    };
  }

  holds({ place, expression }: Condition): boolean | undefined {
    try {
      return expression.holds(this.#facts);
    } catch (fault) {
      if (!(fault instanceof ExpressionFailed)) throw fault;
      this.#log.expressionFailed(place, fault.reason);
      return undefined;
    }
  }

  found({ expression }: Condition): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const fact of expression.reads.facts) {
      const [group, name = ''] = fact.split('.');
      if (group !== 'request' && group !== 'caller') continue;
      const row: FactRow | undefined = Object.entries(FACTS[group]).find(([known]) => known === name)?.[1];
      // Only texts of the request are longer than a name; of a map the expression itself says what it asks for.
      const isPlain = row !== undefined && row.longest === undefined && row.type !== 'map<string, string>';
      const isTold = isPlain && this.#facts[group].has(name);
      if (isTold) found.set(fact, JSON.stringify(this.#facts[group].get(name), plainNumbers));
    }
    return found;
  }
}
