/** A published policy, cut and encoded once so that every stream of its workload shares the work. */
import type { Policy, PolicyBudget } from '#contract/policy/policy';
import { heldOf, type Sections, sectionsHash, sectionsOf } from '#contract/policy/sections';
import { shareKeysOf } from '#contract/policy/share-key';
import { unfitKey } from '#contract/policy/unfit';
import { encodeCredentials } from '#contract/wire/codec';
import type { Credential } from '#contract/wire/gen/remora/policy/v1/sync';

/** What the controller publishes for one workload. */
export interface PushedPolicy {
  readonly policy: Policy;
  /** `policyHash(policy)`. */
  readonly hash: string;
  /** Values by the names that the policy gives them; exactly those it uses. */
  readonly credentials: ReadonlyMap<string, string>;
  /** W3C trace context of the compile. */
  readonly traceparent?: string;
}

export interface PreparedPolicy {
  readonly hash: string;
  readonly sections: Sections;
  /** Hash per section name. */
  readonly held: ReadonlyMap<string, string>;
  readonly budgets: ReadonlyMap<string, PolicyBudget>;
  /** `unfitKey` of each provider and of each target. */
  readonly targets: ReadonlySet<string>;
  /** All that is shared over the fleet and that the policy names, each with the bound that is stated. */
  readonly shareKeys: ReadonlyMap<string, number | null>;
  readonly credentials: readonly Credential[];
  /** Another number whenever a credential differs; a counter, since a hash of a key should not exist anywhere. */
  readonly credentialsVersion: number;
  readonly traceparent: string | undefined;
}

/** Throws when the hash is not the policy's own: acknowledgements would then never match. */
export function preparePolicy(pushed: PushedPolicy, previous: PreparedPolicy | undefined): PreparedPolicy {
  const sections = sectionsOf(pushed.policy);
  if (sectionsHash(sections) !== pushed.hash) throw new Error('The published hash is not the hash of the policy.');
  const credentials = encodeCredentials(pushed.credentials);
  const version = previous?.credentialsVersion ?? 0;
  return {
    hash: pushed.hash,
    sections,
    held: heldOf(sections),
    budgets: new Map(pushed.policy.budgets.map((budget) => [budget.id, budget])),
    targets: targetKeys(pushed.policy),
    shareKeys: shareKeysOf(pushed.policy),
    credentials,
    credentialsVersion: previous && sameCredentials(previous.credentials, credentials) ? version : version + 1,
    traceparent: pushed.traceparent,
  };
}

function targetKeys({ providers, routes }: Policy): Set<string> {
  const rules = routes.flatMap((route) => route.rules);
  const onTrial = rules.flatMap(({ variants = [] }) => variants.map(({ target }) => target));
  const targets = [...rules.flatMap((rule) => [...rule.targets, ...rule.fallbacks]), ...onTrial];
  return new Set([...providers.map(({ key }) => ({ provider: key, model: null })), ...targets].map(unfitKey));
}

const sameCredentials = (some: readonly Credential[], others: readonly Credential[]): boolean =>
  some.length === others.length &&
  some.every(({ name, value }, index) => {
    const other = others[index];
    return other?.name === name && other.value.equals(value);
  });
