/** What is to be stopped, as it was asked for: an AIBudget that there is, or one of its own over all that has some values. Pure. */
import { createHash } from 'node:crypto';
import { UserError } from '#cli/user-error';
import { ANNOTATION, API_GROUP_VERSION, KIND, LABEL } from '#contract/names/api';
import { BUDGET_SCOPES, type BudgetScope } from '#contract/resources/limit-names';

export type ScopeFlags = { readonly [S in BudgetScope]?: string | undefined };

export interface KillFlags extends ScopeFlags {
  /** `namespace/name`. */
  readonly budget?: string | undefined;
  readonly all?: boolean | undefined;
  readonly reason?: string | undefined;
  /** What is under way is ended, too. */
  readonly now?: boolean | undefined;
}

export interface BudgetRef {
  readonly namespace: string;
  readonly name: string;
}

export type AskedStop =
  | { readonly kind: 'budget'; readonly ref: BudgetRef }
  /** No value: everything. */
  | { readonly kind: 'scope'; readonly match: ScopeFlags };

/** Throws UserError unless exactly one thing is asked for. */
export function askedStop(flags: KillFlags): AskedStop {
  const stated = BUDGET_SCOPES.filter((scope) => flags[scope] !== undefined);
  const forms = [flags.budget !== undefined, flags.all === true, stated.length > 0];
  if (forms.filter(Boolean).length !== 1)
    throw new UserError(
      `Say what to stop: --budget <namespace/name>, --all, or one or more of ${BUDGET_SCOPES.map((scope) => `--${scope}`).join(', ')}.`,
    );
  if (flags.budget === undefined)
    return { kind: 'scope', match: Object.fromEntries(stated.map((scope) => [scope, flags[scope]])) };
  const [namespace = '', name = '', ...rest] = flags.budget.split('/');
  if (namespace === '' || name === '' || rest.length > 0)
    throw new UserError('--budget is namespace/name of an AIBudget, such as shop/caps.');
  return { kind: 'budget', ref: { namespace, name } };
}

/** `team a, environment prod`. */
export const scopeText = (match: ScopeFlags): string => {
  const words = Object.entries(match).map(([scope, value]) => `${scope} ${value}`);
  return words.length === 0 ? 'everything' : words.join(', ');
};

/** The same for the same values, so that what is stopped twice is one object, and is found when it is undone. */
export function killName(match: ScopeFlags): string {
  if (Object.keys(match).length === 0) return 'kill-all';
  const text = scopeText(match);
  const readable = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 80);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 10);
  return `kill-${readable.replace(/^-+|-+$/g, '')}-${hash}`;
}

/** The most that a limit can state: when the stop alone is taken away, it stops nothing. */
const NO_LIMIT = { tokens: 1_000_000_000_000, every: 'Month' };

export interface StopFields {
  readonly reason: string | undefined;
  readonly now: boolean;
  /** As the API server knows them. */
  readonly by: string | undefined;
}

/** An AIBudget that does nothing but stop. */
export const killObject = (
  { namespace, name }: BudgetRef,
  match: ScopeFlags,
  { reason, now, by }: StopFields,
): object => ({
  apiVersion: API_GROUP_VERSION,
  kind: KIND.budget,
  metadata: {
    ...{ namespace, name, labels: { [LABEL.kill]: 'true' } },
    ...(by !== undefined && { annotations: { [ANNOTATION.stoppedBy]: by } }),
  },
  spec: {
    limits: [{ name: 'stopped', match, ...NO_LIMIT }],
    stop: true,
    ...(now && { stopInFlight: true }),
    ...(reason !== undefined && { stopReason: reason }),
  },
});

/** What makes an AIBudget that there is stop, as a merge patch. */
export const stopPatch = ({ reason, now, by }: StopFields): object => ({
  metadata: { annotations: { [ANNOTATION.stoppedBy]: by ?? null } },
  spec: { stop: true, stopReason: reason ?? null, stopInFlight: now || null },
});

/** The same, undone. */
export const RESUME_PATCH: object = {
  metadata: { annotations: { [ANNOTATION.stoppedBy]: null } },
  spec: { stop: false, stopReason: null, stopInFlight: null },
};
