/** What a request is, before anybody is chosen for it: whose, what it asks for, what is found in it, and what rules may want to know. */
import { budgetStopped } from '#sidecar/budget/stopped';
import type { InputInspection } from '#sidecar/guardrails/guardrail';
import { askClassifier, classifierOf } from './ask-classifier.ts';
import { type DecodedRequest, decode } from './decode.ts';
import { conditionsOf, NO_CONDITIONS } from './facts/conditions-of.ts';
import type { Passing } from './handle.ts';
import { type Caller, identify, withClaims } from './identify.ts';
import { inspectInput } from './inspect-input.ts';
import { decodeLarge, inspectLarge, isLarge, isLargeToInspect } from './large.ts';
import type { Conditions } from './policy/condition.ts';
import type { Snapshot } from './policy/snapshot.ts';
import { recallNamed } from './remembered/recall-named.ts';
import type { RouteQuestion } from './select-route.ts';

/** Who asks for what, under which policy, and what was found in it. */
export interface Understood {
  readonly snapshot: Snapshot;
  readonly decoded: DecodedRequest;
  readonly caller: Caller;
  readonly inspection: InputInspection;
  readonly conditions: Conditions;
}

export async function understand({ call, log, deps }: Passing): Promise<Understood> {
  const { remembered } = deps;
  // The bytes first: until they are here nothing is decided, so a slow sender holds no old policy.
  const bytes = await call.body.read();
  // Pinned once: a policy that arrives meanwhile is for the next request.
  const snapshot = deps.policies.pin();
  const known = identify(call, snapshot, log, deps.now());
  const asked = isLarge(bytes) ? await decodeLarge(bytes, call) : decode(bytes, call);
  const { recall } = asked.dialect;
  const named = recall?.namedIn(asked.content.body);
  const decoded = named && recall ? await recallNamed(named, { asked, recall, call, remembered }) : asked;
  const caller = withClaims(known, decoded.request, log);
  // Before anything of it is shown to anybody, classifiers too.
  if (snapshot.stop !== undefined) throw budgetStopped(snapshot.stop);
  return judge({ snapshot, decoded, caller }, { call, log, deps });
}

type Judged = Pick<Understood, 'snapshot' | 'decoded' | 'caller'>;

/** What is found in a request, and what expressions ask of it. */
export function judge(judged: Judged, passing: Passing): Understood | Promise<Understood> {
  const { snapshot, decoded, caller } = judged;
  if (snapshot.reads !== undefined || isLargeToInspect(decoded.content.bytes)) return judgeSlowly(judged, passing);
  // Once per request and before any target is chosen, since the verdict decides which targets may be.
  const inspection = inspectInput(decoded.request, snapshot);
  return { snapshot, decoded, caller, inspection, conditions: NO_CONDITIONS };
}

async function judgeSlowly(judged: Judged, { call, log, deps: { now } }: Passing): Promise<Understood> {
  const { snapshot, decoded } = judged;
  const { reads } = snapshot;
  const inspection = isLargeToInspect(decoded.content.bytes)
    ? await inspectLarge(decoded.request, snapshot, call.scope)
    : inspectInput(decoded.request, snapshot);
  const conditions = reads === undefined ? NO_CONDITIONS : await conditionsOf({ ...judged, call, reads, log, now });
  return { ...judged, inspection, conditions };
}

export function questionOf(understood: Understood, passing: Passing): RouteQuestion | Promise<RouteQuestion> {
  const { call, log, deps } = passing;
  const { caller, snapshot, inspection, decoded } = understood;
  const { request } = decoded;
  // Before the rules, which are looked at in one go, may ask what it says.
  const classifier = classifierOf(request, snapshot);
  const ask = (): RouteQuestion => routeQuestion(understood, passing);
  if (classifier === undefined) return ask();
  return askClassifier(classifier, { call, caller, request, inspection, log, upstream: deps.upstream }).then(ask);
}

const routeQuestion = (
  { decoded, snapshot, caller, inspection, conditions }: Understood,
  { call, log, deps }: Passing,
): RouteQuestion => ({
  call,
  caller,
  request: decoded.request,
  inspection,
  conditions,
  snapshot,
  credentials: deps.policies.credentials,
  broker: deps.broker,
  keepers: deps.keepers,
  inputBytes: decoded.content.bytes.length,
  latencies: deps.latencies,
  random: deps.random,
  isRolledBack: deps.variants.isRolledBack,
  log,
});
