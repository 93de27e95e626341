/** What a user reads of a Secret that is not there: which field names it, and the command that makes it. */
import { REASON } from '#contract/names/conditions';
import type { AIRoute } from '#contract/resources/ai-route';
import type { Resource } from '#contract/resources/kinds';
import { WEBHOOK_SECRET_KEYS } from '#contract/resources/limit-alerts';
import type { Unresolved } from './provider-directory.ts';
import { alertRefsOf, alertsOf, credentialRefsOf, type SecretRef } from './secret-refs.ts';
import type { Snapshot } from './snapshot.ts';

export interface SecretUse {
  readonly ref: SecretRef;
  /** Such as `spec.auth.secretRef`. */
  readonly field: string;
  /** The flag of `kubectl create secret` that gives the value. */
  readonly valueFlag: string;
}

/** undefined when the Secret has the key. */
export function missingSecret(
  { secretKeys }: Pick<Snapshot, 'secretKeys'>,
  { ref: { namespace, name, key }, field, valueFlag }: SecretUse,
): Unresolved | undefined {
  const keys = secretKeys.get(`${namespace}/${name}`);
  if (keys?.has(key)) return undefined;
  const message = keys
    ? `${field}.key: Secret ${namespace}/${name} has no key "${key}"; add it: kubectl patch secret ${name} --namespace ${namespace} --patch '{"stringData":{"${key}":"YOUR_KEY"}}'`
    : `${field}.name: Secret ${namespace}/${name} not found; create it: kubectl create secret generic ${name} --namespace ${namespace} ${valueFlag}`;
  return { reason: REASON.secretNotFound, message };
}

/** What an AIRoute signs its posts with, and does not have. */
export function missingSigningKey(snapshot: Pick<Snapshot, 'secretKeys'>, route: AIRoute): Unresolved | undefined {
  const [ref] = credentialRefsOf(route);
  if (!ref) return undefined;
  const valueFlag = `--from-literal=${ref.key}="whsec_$(openssl rand -base64 32)"`;
  return missingSecret(snapshot, { ref, field: 'spec.callback.signingSecretRef', valueFlag });
}

/** What the alerts of an object are posted by, and what of it is not there; each with the webhook that lacks it. */
export const missingOfAlerts = (snapshot: Pick<Snapshot, 'secretKeys'>, object: Resource): readonly Unresolved[] =>
  alertsOf(object).flatMap((alert, index) => {
    const refs = alertRefsOf(object, alert);
    const valueFlag = refs.map(({ key }) => `--from-literal=${key}="${WEBHOOK_EXAMPLES[key]}"`).join(' ');
    const field = `spec.alerts[${index}].webhook.secretRef`;
    return refs.flatMap((ref) => missingSecret(snapshot, { ref, field, valueFlag }) ?? []).slice(0, 1);
  });

const WEBHOOK_EXAMPLES: Readonly<Record<string, string>> = {
  [WEBHOOK_SECRET_KEYS.url]: 'https://hooks.example.com/budgets',
  [WEBHOOK_SECRET_KEYS.signingKey]: 'whsec_$(openssl rand -base64 32)',
};
