/**
 * Where a request about what an account keeps goes: no model leads it, so it goes to the only account among the targets of the workload's AIRoutes that
 * knows such things, or to the one that is known or stated to be meant. Never to another one after it.
 */
import { ownerText } from '#contract/policy/book-id';
import type { KeptRequest } from '#sidecar/canonical/kept-request';
import { operationOf } from '#sidecar/canonical/operation';
import { RemoraError } from '#sidecar/errors/remora-error';
import { priorityOf } from '#sidecar/pipeline/admission/priority';
import { limitOfLaterCalls } from '#sidecar/pipeline/attempts/limits-of';
import { checkKeyOfLaterCalls } from '#sidecar/pipeline/caller-key';
import { passGuardrails } from '#sidecar/pipeline/guarded-candidates';
import { whollyDeniedBy } from '#sidecar/pipeline/policy/model-rules';
import type { CompiledRoute, CompiledRule, CompiledTarget } from '#sidecar/pipeline/policy/snapshot';
import { callerHeader } from '#sidecar/pipeline/request-recorder';
import { passRequirements } from '#sidecar/pipeline/requirements';
import { mismatchBesideModel, type RouteQuestion, type Selection, usableTargets } from '#sidecar/pipeline/select-route';
import { accountOf, isKnownAccount, severalAccounts } from './account-of.ts';
import { checkLaterCalls } from './later-models.ts';
import { speaks } from './pin-targets.ts';

/** A target of a route that this request could be led to. */
interface Place {
  readonly route: CompiledRoute;
  readonly rule: number;
  readonly target: CompiledTarget;
}

type KeptQuestion = RouteQuestion & { readonly request: KeptRequest };

/** Throws `unsupported_operation`, `kept_refused`, `account_unresolved`, `no_compliant_target`, `model_not_allowed`, `spend_unbounded`, `no_target` or `guardrail_blocked`. */
export function selectAccount(question: KeptQuestion): Selection {
  const { caller, log, request } = question;
  const places = accountPlaces(question);
  const key = keeperOf(places, question);
  const ofAccount = places.filter(({ target }) => target.provider.policy.key === key);
  passRequirements(
    ofAccount.map(({ target }) => target),
    question,
  );
  const usable = ofAccount.filter(({ target }) => whollyDeniedBy(caller.modelRules, target) === undefined);
  const [place] = usable;
  const [denied] = ofAccount;
  if (place === undefined) throw accountDenied(key, denied && whollyDeniedBy(caller.modelRules, denied.target));
  const { route, rule } = place;
  log.routeChosen(route.policy.key, rule);
  observeModelRules(
    usable.map(({ target }) => target),
    question,
  );
  const targets = ofAccount.map(({ target }) => target);
  if (request.later !== undefined || operationOf(request).spendsLater) checkKeyOfLaterCalls(caller.heldTo);
  checkLaterCalls(request.later ?? [], { provider: key, targets, caller });
  if (operationOf(request).spendsLater) refuseUnbounded(question, usable, route);
  const asked = usableTargets([asAccount(place.target, question)], { ...question, route });
  return { route, rule, candidates: passGuardrails(asked, question), priority: priorityOf(question, route) };
}

function accountPlaces(question: KeptQuestion): readonly Place[] {
  const { snapshot, call, request, keepers } = question;
  const { id } = call.endpoint.dialect;
  const asked = { keeping: request.keeping, stated: callerHeader(call, 'provider'), keepers };
  const isKnown = ({ provider }: CompiledTarget): boolean => isKnownAccount(provider, asked);
  const places = snapshot.allRoutes.flatMap((route) =>
    route.rules.flatMap((rule, index) =>
      mismatchBesideModel(rule, question, route) === undefined
        ? targetsOf(rule, isKnown).map((target) => ({ route, rule: index, target }))
        : [],
    ),
  );
  const able = places.filter(({ target }) => speaks(target.provider, id));
  const shared = able.filter(({ target }) => target.provider.policy.keptObjects !== 'Refused');
  if (shared.length > 0) return shared;
  const [refused] = able;
  if (refused !== undefined) throw keptRefused(refused.target.provider.policy.key);
  throw new RemoraError({
    code: 'unsupported_operation',
    message: `No AIProvider that the AIRoutes of this workload lead to serves ${id}. Add a target whose provider does.`,
  });
}

/** As those that are in force would judge it: what is left of the account's targets. */
function observeModelRules(usable: readonly CompiledTarget[], { snapshot, log }: KeptQuestion): void {
  for (const rule of snapshot.observedModelRules) {
    const isDenied = usable.every((target) => whollyDeniedBy([rule], target) !== undefined);
    if (isDenied) log.wouldHaveLeft({ policy: rule.policy, rule: 'models' }, 0, usable.length);
  }
}

/** Nothing new is kept at the account of a variant, but what it has can be asked for. */
const targetsOf = (
  { targets, fallbacks, experiment }: CompiledRule,
  isKnown: (target: CompiledTarget) => boolean,
): readonly CompiledTarget[] => [
  ...[...targets, ...fallbacks].filter(({ policy }) => policy.weight !== 0),
  ...(experiment?.variants ?? []).map(({ target }) => target).filter(isKnown),
];

function keeperOf(places: readonly Place[], { call, request, keepers }: KeptQuestion): string {
  const { keeping } = request;
  const accounts = places.map(({ target }) => target.provider);
  const key = accountOf({ accounts, keeping, stated: callerHeader(call, 'provider'), keepers });
  if (key === undefined) throw severalAccounts([...new Set(accounts.map(({ policy }) => policy.key))]);
  return key;
}

/** The target without its model. What was asked for once must not be made twice: only what changes nothing is asked again. */
const asAccount = ({ policy, provider }: CompiledTarget, { request }: KeptQuestion): CompiledTarget => ({
  provider,
  // What an account keeps is another service than its models.
  breaker: null,
  policy: {
    ...policy,
    name: provider.policy.key,
    model: '',
    maxRetries: request.method === 'GET' ? policy.maxRetries : 0,
  },
});

/** What is spent later could be spent by way of any of the places. */
function refuseUnbounded({ caller }: RouteQuestion, places: readonly Place[], { ceilings }: CompiledRoute): void {
  const [budget] = places.flatMap(
    ({ route, target }) => limitOfLaterCalls(target, { caller, selection: { route } }) ?? [],
  );
  const object =
    budget === undefined
      ? ceilings.find(({ observedBy }) => observedBy === undefined)?.object
      : `${ownerText(budget)} limit ${budget.limit}`;
  if (object === undefined) return;
  throw new RemoraError({
    code: 'spend_unbounded',
    message: `A batch spends later what nobody can bound now, and ${object} holds for this workload. Send the calls one by one, or have the workload taken out of its scope.`,
    object,
  });
}

const keptRefused = (provider: string): RemoraError =>
  new RemoraError({
    code: 'kept_refused',
    message: `What the account of AIProvider ${provider} keeps is not shared with its workloads. Ask for things of an account of your own, or have keptObjects of the AIProvider changed to Shared.`,
    object: `AIProvider ${provider}`,
  });

const accountDenied = (provider: string, policy: string | undefined): RemoraError =>
  new RemoraError({
    code: 'model_not_allowed',
    message: `AIPolicy ${policy ?? ''} allows no target of AIProvider ${provider}. Ask for things of another account, or have the AIPolicy changed.`,
    object: `AIPolicy ${policy ?? ''}`,
  });
