/**
 * What an object's owner reads: Accepted and ResolvedRefs of every object. Programmed and Ready, and the time of a transition, are
 * the operator's, which knows sidecars and the clock.
 */
import { LABEL } from '#contract/names/api';
import { CONDITION, type ConditionReason, type ConditionType, REASON } from '#contract/names/conditions';
import type { AIBudget } from '#contract/resources/ai-budget';
import type { AIKey } from '#contract/resources/ai-key';
import type { AIPolicy } from '#contract/resources/ai-policy';
import type { AIProvider } from '#contract/resources/ai-provider';
import type { Resource } from '#contract/resources/kinds';
import { type AnalysedRoute, type Analysis, analysisOf } from './analysis.ts';
import { budgetNotes } from './budget-notes.ts';
import { cacheNotes } from './cache-notes.ts';
import { mayRefuseUnpriced } from './compile-budgets.ts';
import { chiefReason, targetsOf } from './compile-route.ts';
import { limitNotes } from './limit-notes.ts';
import { missingOfAlerts, missingSigningKey } from './missing-secret.ts';
import { objectKey, objectText } from './object-key.ts';
import { policyNotes, tagNotes } from './policy-notes.ts';
import { listed, problemsText } from './problem.ts';
import type { Unresolved } from './provider-directory.ts';
import { cutText } from './provider-pool.ts';
import { scopeNotes } from './scope-notes.ts';
import { alertsOf } from './secret-refs.ts';
import type { Held, Snapshot } from './snapshot.ts';

/** metav1.Condition without `lastTransitionTime`. */
export interface ObjectCondition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False';
  readonly reason: ConditionReason;
  readonly message: string;
  readonly observedGeneration: number;
}

type Verdict = Pick<ObjectCondition, 'status' | 'reason' | 'message'>;

/** Status of an object holds 32 KiB per message; nobody reads more than this. */
const MAX_MESSAGE_LENGTH = 2_000;
/** Of a warning, whose advice comes last and must still fit beside another warning. */
const MAX_WARNED = 3;
const MAX_UNPRICED = 3;

const accepted = (notes: readonly string[]): Verdict => ({
  status: 'True',
  reason: REASON.accepted,
  message: notes.length > 0 ? listed(notes) : 'The object is valid',
});

const refused = (reason: ConditionReason, message: string): Verdict => ({ status: 'False', reason, message });

/** By `objectKey()`; objects in the order of the snapshot. Never throws. */
export function conditionsOf(snapshot: Snapshot): Map<string, ObjectCondition[]> {
  const analysis = analysisOf(snapshot);
  return new Map(
    snapshot.objects.map((held) => {
      const verdicts = verdictsOf(held, { snapshot, analysis });
      return [objectKey(held), verdicts.map(([type, verdict]) => condition(held, type, verdict))];
    }),
  );
}

function condition(held: Held, type: ConditionType, verdict: Verdict): ObjectCondition {
  // Without a full stop: a message may end in a command to copy.
  const message = verdict.message.slice(0, MAX_MESSAGE_LENGTH);
  return { type, ...verdict, message, observedGeneration: held.generation };
}

interface Scene {
  readonly snapshot: Snapshot;
  readonly analysis: Analysis;
}

function verdictsOf(held: Held, scene: Scene): [ConditionType, Verdict][] {
  const { content } = held;
  const invalid = held.problems.length > 0 ? invalidVerdict(held) : undefined;
  const verdicts = content === undefined ? [] : contentVerdicts(content, scene);
  if (!invalid) return verdicts;
  return [[CONDITION.accepted, invalid], ...verdicts.filter(([type]) => type !== CONDITION.accepted)];
}

function invalidVerdict({ content, problems }: Held): Verdict {
  const running = content ? `Generation ${content.metadata.generation} still runs` : 'Nothing of it runs';
  return refused(REASON.invalid, `${problemsText(problems)}. ${running}`);
}

function contentVerdicts(content: NonNullable<Held['content']>, scene: Scene): [ConditionType, Verdict][] {
  switch (content.kind) {
    case 'AIProvider':
      return [
        [CONDITION.accepted, providerAccepted(content, scene)],
        [CONDITION.resolvedRefs, withAlerts(content, scene, providerRefs(content, scene))],
      ];
    case 'AIRoute': {
      const route = scene.analysis.routes.get(content);
      if (!route) return [];
      return [
        [CONDITION.accepted, routeAccepted(route, scene)],
        [CONDITION.resolvedRefs, withAlerts(content, scene, routeRefs(route, scene))],
      ];
    }
    case 'AIBudget':
      return alertingVerdicts(content, scene, budgetNotesOf(content, scene));
    case 'AIPolicy':
      return [[CONDITION.accepted, accepted(notesOf(content, scene.snapshot))]];
    case 'AIKey':
      return alertingVerdicts(content, scene, keyNotesOf(content, scene));
  }
}

/** Only alerts refer to anything. */
function alertingVerdicts(object: AIBudget | AIKey, scene: Scene, notes: string[]): [ConditionType, Verdict][] {
  const verdict: [ConditionType, Verdict] = [CONDITION.accepted, accepted(notes)];
  return alertsOf(object).length === 0
    ? [verdict]
    : [verdict, [CONDITION.resolvedRefs, withAlerts(object, scene, resolved())]];
}

/** What the object's alerts lack, beside what is said of its other references. */
function withAlerts(object: Resource, { snapshot }: Scene, refs: Verdict): Verdict {
  const [missing] = missingOfAlerts(snapshot, object);
  if (missing === undefined) return refs;
  const message = `Alerts are not posted where the Secret is missing: ${missing.message}`;
  if (refs.status === 'False') return { ...refs, message: together([refs.message, message]) };
  return refused(missing.reason, refs.message === RESOLVED ? message : together([message, refs.message]));
}

const budgetNotesOf = (budget: AIBudget, { snapshot, analysis }: Scene): string[] => [
  ...(budget.spec.stop ? ['spec.stop: every request that its limits cover is refused'] : []),
  ...scopeNotes(budget, snapshot.platformNamespaces),
  ...limitNotes(budget, { snapshot, analysis }),
  ...budgetNotes(budget, snapshot, analysis),
];

const keyNotesOf = (key: AIKey, { snapshot, analysis }: Scene): string[] => [
  ...(key.spec.revoked ? ['spec.revoked: every request with its token is refused'] : []),
  ...scopeNotes(key, snapshot.platformNamespaces),
  ...(key.spec.require.length > 0 ? tagNotes([{ field: 'spec.require', tags: key.spec.require }], snapshot) : []),
  ...limitNotes(key, { snapshot, analysis }),
];

const notesOf = (policy: AIPolicy, snapshot: Snapshot): string[] => [
  ...scopeNotes(policy, snapshot.platformNamespaces),
  ...policyNotes(policy, snapshot),
];

function providerAccepted(provider: AIProvider, { analysis, snapshot }: Scene): Verdict {
  const winner = analysis.directory.winnerOver(provider);
  if (winner)
    return refused(
      REASON.conflicted,
      `metadata.name: "${provider.metadata.name}" is shared with all namespaces by ${objectText(winner)} and cannot be shadowed; references mean that one. Choose another name`,
    );
  return accepted([
    ...scopeNotes(provider, snapshot.platformNamespaces),
    ...limitNotes(provider, { snapshot, analysis }),
  ]);
}

const RESOLVED = 'All references are resolved';

const resolved = (message = RESOLVED): Verdict => ({
  status: 'True',
  reason: REASON.resolvedRefs,
  message,
});

function providerRefs(provider: AIProvider, { analysis: { directory }, snapshot }: Scene): Verdict {
  const missing = directory.obstacleOf(provider) ?? directory.emptyPool(provider);
  return missing ? refused(missing.reason, missing.message) : resolved(cutText(provider, snapshot));
}

function routeAccepted({ source, claims }: AnalysedRoute, scene: Scene): Verdict {
  if (claims.lost.length === 0) return accepted([...cacheNotes(source), ...limitNotes(source, scene)]);
  const field = source.spec.models ? 'spec.models' : 'metadata.name';
  const lost = claims.lost.map(
    ({ model, winner }) => `${field}: model "${model}" is already served by the older ${objectText(winner)}`,
  );
  const rest =
    claims.served.length > 0 ? `Still served here: ${claims.served.join(', ')}` : 'Nothing of this AIRoute runs';
  return refused(REASON.conflicted, `${listed(lost)}. ${rest}`);
}

function routeRefs(route: AnalysedRoute, scene: Scene): Verdict {
  const { unresolved } = route;
  const warnings = warningsOf(route, scene);
  const unsigned = missingSigningKey(scene.snapshot, route.source);
  const told = [...(unsigned ? [unsignedText(unsigned)] : []), ...warnings.map(({ message }) => message)];
  if (unresolved.length > 0) {
    const effect = route.hasTargets
      ? 'These targets are left out'
      : 'No target is left: requests are refused with no_target';
    return refused(
      chiefReason(unresolved),
      together([`${listed(unresolved.map((one) => one.message))}. ${effect}`, ...told]),
    );
  }
  if (unsigned) return refused(unsigned.reason, together(told));
  const [chief] = warnings;
  return chief ? { status: 'True', reason: chief.reason, message: together(told) } : resolved();
}

/** The effect first: a message may end in a command to copy. */
const unsignedText = ({ message }: Unresolved): string =>
  `Nothing can be posted: callbacks that name an address are refused. ${message}`;

/** Each has its share of the message, so that a long one hides no other. */
function together(texts: readonly string[]): string {
  const share = Math.floor(MAX_MESSAGE_LENGTH / texts.length) - 2;
  return texts.map((text) => (text.length > share ? `${text.slice(0, share - 1)}…` : text)).join('. ');
}

interface Warning {
  readonly reason: ConditionReason;
  readonly message: string;
}

/** One that refuses requests comes first and gives the condition its reason. */
function warningsOf(route: AnalysedRoute, scene: Scene): Warning[] {
  const price = priceWarning(route, scene);
  const last = costWarning(route);
  const lacking = lackWarning(route);
  const empty = emptyWarning(route, scene);
  return [
    ...(empty === undefined ? [] : [{ reason: REASON.noReadyEndpoints, message: empty }]),
    ...(price === undefined ? [] : [{ reason: REASON.priceUnknown, message: price }]),
    ...(last === undefined ? [] : [{ reason: REASON.priceUnknown, message: last }]),
    ...(lacking === undefined ? [] : [{ reason: REASON.capabilityMissing, message: lacking }]),
  ];
}

function emptyWarning({ providers }: AnalysedRoute, { analysis }: Scene): string | undefined {
  const empty = providers.filter((provider) => analysis.directory.emptyPool(provider)).map(objectText);
  return empty.length === 0
    ? undefined
    : `Targets of ${named(empty)} are skipped: no endpoint is ready; see ${empty.length === 1 ? 'its' : 'their'} condition ResolvedRefs`;
}

const costWarning = ({ unpricedLast }: AnalysedRoute): string | undefined =>
  unpricedLast.length === 0
    ? undefined
    : `The price of ${named(unpricedLast)} is unknown, so strategy LeastCost tries it last; state it in spec.models of the AIProvider`;

function lackWarning({ lacking }: AnalysedRoute): string | undefined {
  if (lacking.length === 0) return undefined;
  return `${listed(lacking, MAX_WARNED)}. Requests that need it fail there: choose another model, give such requests a rule of their own, or state contextTokens in spec.models of the AIProvider where it reads more`;
}

function priceWarning(
  { source, route, providers, unpriced }: AnalysedRoute,
  { snapshot, analysis }: Scene,
): string | undefined {
  if (unpriced.length === 0) return undefined;
  const { namespace } = source.metadata;
  const labels = snapshot.namespaces.get(namespace) ?? {};
  // Labels of pods are not known here; a limit that asks for one may cover a pod that carries it.
  const known = {
    namespace,
    team: labels[LABEL.team],
    project: labels[LABEL.project],
    environment: labels[LABEL.environment],
  };
  const covering = analysis.budgets.filter(
    ({ metadata }) => metadata.namespace === namespace || snapshot.platformNamespaces.has(metadata.namespace),
  );
  const limiting = [...covering, source, ...providers];
  const asked = targetsOf(route).filter(({ price }) => price === null);
  const refusing = limiting.find((object) =>
    asked.some((target) => mayRefuseUnpriced(object, known, { route: route.key, target })),
  );
  if (!refusing) return undefined;
  return `The price of ${named(unpriced)} is unknown, so ${objectText(refusing)} refuses requests to it; state it in spec.models of the AIProvider`;
}

function named(models: readonly string[]): string {
  const more = models.length - MAX_UNPRICED;
  return models.slice(0, MAX_UNPRICED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
