/** Which Secret keys the objects refer to: what the operator watches, and what a laptop looks for in its environment. */
import type { Resource } from '#contract/resources/kinds';
import { type LimitAlert, WEBHOOK_SECRET_KEYS } from '#contract/resources/limit-alerts';
import { secretOf } from '#contract/resources/provider-auth';

export interface SecretRef {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** Whoever is told of the limits that the object states; of a kind without `alerts` nobody. */
export const alertsOf = ({ spec }: Resource): readonly LimitAlert[] =>
  ('alerts' in spec ? spec.alerts : undefined) ?? [];

/** A Secret is always of the namespace of the object that names it. */
export const secretRefsOf = (object: Resource): readonly SecretRef[] => [
  ...credentialRefsOf(object),
  ...alertsOf(object).flatMap((alert) => alertRefsOf(object, alert)),
];

/** Those that sidecars need; not those of alerts, which the operator posts. */
export const credentialRefsOf = (object: Resource): readonly SecretRef[] =>
  statedRefs(object).map(({ name, key }) => ({ namespace: object.metadata.namespace, name, key }));

function statedRefs(object: Resource): readonly Omit<SecretRef, 'namespace'>[] {
  switch (object.kind) {
    case 'AIProvider':
      return [secretOf(object.spec.auth) ?? []].flat();
    case 'AIRoute':
      return [object.spec.callback?.signingSecretRef ?? []].flat();
    case 'AIBudget':
    case 'AIPolicy':
    case 'AIKey':
      return [];
  }
}

export function alertRefsOf({ metadata: { namespace } }: Resource, { webhook }: LimitAlert): readonly SecretRef[] {
  const { name } = webhook.secretRef;
  const { url, signingKey } = WEBHOOK_SECRET_KEYS;
  return [...(webhook.url === undefined ? [url] : []), signingKey].map((key) => ({ namespace, name, key }));
}
