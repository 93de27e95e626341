/** Which Secret keys the objects refer to: what the operator watches, and what a laptop looks for in its environment. */
import { type BudgetWebhook, WEBHOOK_SECRET_KEYS } from '#contract/resources/budget-alerts';
import type { Resource } from '#contract/resources/kinds';
import { secretOf } from '#contract/resources/provider-auth';

export interface SecretRef {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** A Secret is always of the namespace of the object that names it. */
export const secretRefsOf = (object: Resource): readonly SecretRef[] =>
  statedRefs(object).map(({ name, key }) => ({ namespace: object.metadata.namespace, name, key }));

function statedRefs(object: Resource): readonly Omit<SecretRef, 'namespace'>[] {
  switch (object.kind) {
    case 'AIProvider':
      return [secretOf(object.spec.auth) ?? []].flat();
    case 'AIRoute':
      return [object.spec.callback?.signingSecretRef ?? []].flat();
    case 'AIBudget':
      return (object.spec.alerts ?? []).flatMap(({ webhook }) => webhookRefs(webhook));
    case 'AIPolicy':
    case 'AIKey':
      return [];
  }
}

const webhookRefs = ({ url, secretRef: { name } }: BudgetWebhook): readonly Omit<SecretRef, 'namespace'>[] => [
  ...(url === undefined ? [{ name, key: WEBHOOK_SECRET_KEYS.url }] : []),
  { name, key: WEBHOOK_SECRET_KEYS.signingKey },
];
