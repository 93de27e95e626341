/** Which targets may answer, in the order of trying: route by model, rule by match, then what policies, secrets and guardrails leave. */
import type { Priority } from '#contract/resources/route-concurrency';
import { operationOf } from '#sidecar/canonical/operation';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { CredentialBroker } from '#sidecar/credentials/credential-broker';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { InputInspection } from '#sidecar/guardrails/guardrail';
import type { Credentials } from '#sidecar/policy/policy-source';
import type { Keepers } from './accounts/keepers.ts';
import { pinTargets } from './accounts/pin-targets.ts';
import { priorityOf } from './admission/priority.ts';
import type { Candidate } from './attempts/candidate.ts';
import type { Call } from './call.ts';
import { checkKeyModel } from './caller-key.ts';
import { startTrial, trialFirst, trialOf } from './experiments/trial.ts';
import { passGuardrails, type UsableTarget } from './guarded-candidates.ts';
import type { Caller } from './identify.ts';
import { type LeftOut, NO_CREDENTIAL, notTried, OTHER_ACCOUNT, OTHER_MODEL } from './left-out.ts';
import { isBoundModel } from './policy/bound-model.ts';
import type { Conditions } from './policy/condition.ts';
import { deniedBy, resolvedName } from './policy/model-rules.ts';
import { nearestNames } from './policy/nearest-names.ts';
import {
  type CompiledRoute,
  type CompiledRule,
  type CompiledTarget,
  type CompiledVariant,
  type Experiment,
  routeOf,
  type Snapshot,
} from './policy/snapshot.ts';
import { visibleModels } from './policy/visible-models.ts';
import { quoted } from './quoted.ts';
import { matchesClass } from './request-class.ts';
import type { RequestRecorder } from './request-recorder.ts';
import { passRequirements } from './requirements.ts';
import { targetOrder } from './strategies/index.ts';
import type { LatencyView } from './strategies/latency/target-latencies.ts';

export interface Selection {
  readonly route: CompiledRoute;
  /** Index of the rule that matched. */
  readonly rule: number;
  /** At least one. */
  readonly candidates: readonly Candidate[];
  /** The variant that the request was drawn for and may use. */
  readonly variant?: CompiledVariant | undefined;
  /** Its class, where requests or attempts have to wait. */
  readonly priority: Priority;
}

export interface RouteQuestion {
  readonly call: Call;
  readonly caller: Caller;
  readonly request: CanonicalRequest;
  readonly inspection: InputInspection;
  readonly conditions: Conditions;
  readonly snapshot: Snapshot;
  readonly credentials: Credentials;
  readonly broker: CredentialBroker;
  readonly keepers: Keepers;
  /** Of the body. */
  readonly inputBytes: number;
  readonly latencies: LatencyView;
  readonly random: () => number;
  /** Whether a variant gets no more requests, whatever its share. */
  readonly isRolledBack: (experiment: Experiment, variant: CompiledVariant) => boolean;
  readonly log: RequestRecorder;
}

/** Throws `unknown_model`, `account_unresolved`, `model_not_allowed`, `no_compliant_target`, `no_target` or `guardrail_blocked`. */
export function selectRoute(question: RouteQuestion): Selection {
  const { request, snapshot, caller, log } = question;
  checkKeyModel(caller.heldTo, request.model);
  const route = routeOf(request.model, snapshot);
  const rule = route?.rules.findIndex((candidate) => mismatchOf(candidate, question, route) === undefined) ?? -1;
  const chosen = route?.rules[rule];
  if (route === undefined || chosen === undefined) throw unknownModel(request.model, snapshot, route);
  log.routeChosen(route.policy.key, rule);
  const ordered = targetOrder(chosen, question);
  if (chosen.targets.length > 1) log.orderChosen(chosen.strategy, ordered);
  const trial = trialOf(chosen, ordered.targets, question);
  const inOrder = trialFirst(trial, ordered.targets);
  const pinned = pinTargets(inOrder, question);
  if (pinned.length < inOrder.length)
    for (const target of inOrder) if (!pinned.includes(target)) log.leaveOut(target, OTHER_ACCOUNT);
  const targets = operationOf(request).isBoundToModel ? boundToModel(chosen, pinned, question) : pinned;
  const candidates = candidatesOf(targets, { ...question, route });
  const variant = chosen.experiment && startTrial(trial, candidates);
  if (chosen.experiment !== undefined) log.drawn(chosen.experiment, variant);
  return { route, rule, candidates, variant, priority: priorityOf(question, route) };
}

/** `order`: the targets of `rule` in the order of trying. */
function boundToModel(rule: CompiledRule, order: readonly CompiledTarget[], { request, log }: RouteQuestion) {
  const isBound = isBoundModel(rule, request.model);
  return order.filter((target) => {
    if (isBound(target)) return true;
    log.leaveOut(target, OTHER_MODEL);
    return false;
  });
}

/** What policies, secrets and guardrails leave of targets; whatever is asked passes here. At least one. Throws as `selectRoute`. */
export function candidatesOf(targets: readonly CompiledTarget[], asking: TargetQuestion): Candidate[] {
  const allowed = passRequirements(passModelRules(targets, asking), asking);
  observeModelRules(allowed, asking);
  return passGuardrails(usableTargets(allowed, asking), asking);
}

/** What of a rule does not fit a request. */
export type Mismatch = 'model' | 'headers' | 'caller' | 'class' | 'when';

/** The first of them; undefined: the rule matches. */
export function mismatchOf(rule: CompiledRule, question: RouteQuestion, route: CompiledRoute): Mismatch | undefined {
  const isNamed = rule.models.size === 0 || rule.models.has(question.request.model);
  return isNamed ? mismatchBesideModel(rule, question, route) : 'model';
}

const matchesCaller = ({ policy: { match } }: CompiledRule, { attribution: { team, region } }: Caller): boolean =>
  (match.teams === undefined || (team !== undefined && match.teams.includes(team))) &&
  (match.regions === undefined || (region !== undefined && match.regions.includes(region)));

/** The expression last: what it asks for has to be worked out. */
export function mismatchBesideModel(
  rule: CompiledRule,
  question: RouteQuestion,
  route: CompiledRoute,
): Mismatch | undefined {
  if (!rule.policy.match.headers.every(({ name, value }) => question.call.headers[name] === value)) return 'headers';
  if (!matchesCaller(rule, question.caller)) return 'caller';
  if (!matchesClass(rule, question, route)) return 'class';
  return rule.when === undefined || question.conditions.holds(rule.when) === true ? undefined : 'when';
}

export interface TargetQuestion extends RouteQuestion {
  readonly route: CompiledRoute;
}

function passModelRules(targets: readonly CompiledTarget[], question: TargetQuestion): readonly CompiledTarget[] {
  const { modelRules } = question.caller;
  if (modelRules.length === 0) return targets;
  let denier: string | undefined;
  const allowed = targets.filter((target) => {
    const policy = deniedBy(modelRules, resolvedName(target, question.request.model));
    denier ??= policy;
    if (policy !== undefined) question.log.leaveOut(target, { reason: 'Denied', policy });
    return policy === undefined;
  });
  if (allowed.length === 0 && denier !== undefined) throw modelNotAllowed(denier, question);
  return allowed;
}

/** What observed AIPolicies would have left of what the others leave, each by itself. */
function observeModelRules(allowed: readonly CompiledTarget[], { snapshot, request, log }: TargetQuestion): void {
  for (const rule of snapshot.observedModelRules) {
    const left = allowed.filter((target) => deniedBy([rule], resolvedName(target, request.model)) === undefined);
    log.wouldHaveLeft({ policy: rule.policy, rule: 'models' }, left.length, allowed.length);
  }
}

/** Those with a server and a credential. At least one. Throws `no_target`. */
export function usableTargets(
  targets: readonly CompiledTarget[],
  { credentials, broker, route, log }: TargetQuestion,
): UsableTarget[] {
  const usable: UsableTarget[] = [];
  for (const target of targets) {
    const { policy, pool } = target.provider;
    if (pool?.isReady === false) {
      log.leaveOut(target, { reason: 'NoEndpoint', service: pool.service });
      continue;
    }
    const name = policy.credential;
    const credential = name === null ? null : credentials.get(name);
    if (credential === undefined) log.leaveOut(target, NO_CREDENTIAL);
    else usable.push({ target, credential, source: broker.sourceOf(policy, credential) });
  }
  if (usable.length === 0) throw noTarget(route.policy.key, log.leftOut);
  return usable;
}

/** `route`: the one that serves the model, where none of its rules matches. */
export function unknownModel(asked: string, snapshot: Snapshot, route?: CompiledRoute): RemoraError {
  const names = nearestNames(asked, visibleModels(snapshot));
  const next = names.length === 0 ? 'Add an AIRoute that does.' : `Use a model that exists: ${names.join(', ')}.`;
  return route === undefined
    ? new RemoraError({
        code: 'unknown_model',
        message: `No AIRoute of this workload serves the model ${quoted(asked)}. ${next}`,
        param: 'model',
      })
    : new RemoraError({
        code: 'unknown_model',
        message: `No rule of AIRoute ${route.policy.key} matches this request for the model ${quoted(asked)}. Send what one of its rules asks for, or add a rule that matches every request.`,
        object: `AIRoute ${route.policy.key}`,
        param: 'model',
      });
}

const modelNotAllowed = (policy: string, { request, log }: TargetQuestion): RemoraError =>
  new RemoraError({
    code: 'model_not_allowed',
    message:
      `AIPolicy ${policy} allows no target of the model ${quoted(request.model)}. Ask for an allowed model, or have the AIPolicy changed. ${notTried(log.leftOut)}`.trimEnd(),
    object: `AIPolicy ${policy}`,
    param: 'model',
  });

function noTarget(route: string, leftOut: readonly LeftOut[]): RemoraError {
  const message = `${lackText(route, leftOut)} ${notTried(leftOut)}`.trimEnd();
  return new RemoraError({ code: 'no_target', message, object: `AIRoute ${route}` });
}

function lackText(route: string, leftOut: readonly LeftOut[]): string {
  const locked = leftOut.filter(({ by }) => by === NO_CREDENTIAL).map(({ target }) => target.provider.policy.key);
  const unready = leftOut.flatMap(({ by }) => (by.reason === 'NoEndpoint' ? [by.service] : []));
  const noCredential = `Check that the Secrets of AIProvider ${[...new Set(locked)].join(', ')} hold their keys, each on one line.`;
  if (unready.length > 0) {
    const rest = locked.length === 0 ? '' : ` No other one has a usable credential. ${noCredential}`;
    return `No target of AIRoute ${route} can be asked: Service ${[...new Set(unready)].join(', ')} has no ready endpoint. Retry when its pods are ready, or give the AIRoute a fallback.${rest}`;
  }
  return locked.length > 0
    ? `No target of AIRoute ${route} has a usable credential here. ${noCredential}`
    : `AIRoute ${route} has no target that may be used. Check its targets and weights.`;
}
