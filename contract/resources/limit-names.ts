/** The words in which limits are stated, for whoever needs no schema of them. */
/** In the order in which messages name them. */
export const BUDGET_SCOPES = [
  'team',
  'project',
  'environment',
  'user',
  'feature',
  'session',
  'run',
  'model',
  'provider',
  'route',
  'namespace',
  'workload',
  'key',
] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

/** The same for every request of a workload: decided where policies are compiled. */
export const WORKLOAD_SCOPES = [
  'team',
  'project',
  'environment',
  'namespace',
  'workload',
] as const satisfies readonly BudgetScope[];
/** Of these a request has others than its workload where its AIKey says so. */
export const KEY_SCOPES = ['team', 'project', 'environment'] as const satisfies readonly BudgetScope[];
/** The same for every request through one route to one target: decided when a sidecar takes a policy. */
export const TARGET_SCOPES = ['model', 'provider', 'route'] as const satisfies readonly BudgetScope[];
/** Each request's own. */
export const REQUEST_SCOPES = ['user', 'feature', 'session', 'run', 'key'] as const satisfies readonly BudgetScope[];

/** Whether a name, or `namespace/name`, as a limit states it means the object of the key `namespace/name`. */
export const means = (stated: string, key: string): boolean => stated === key || key.endsWith(`/${stated}`);

export const BUDGET_UNITS = ['nanoUsd', 'tokens', 'inputTokens', 'outputTokens', 'requests'] as const;
export type BudgetUnit = (typeof BUDGET_UNITS)[number];

export const BUDGET_WINDOWS = ['Second', 'Minute', 'Hour', 'Day', 'Week', 'Month', 'Run'] as const;
export type BudgetWindow = (typeof BUDGET_WINDOWS)[number];

/** Whether copies of requests for Shadow variants count against a limit. */
export const BUDGET_SHADOWS = ['Include', 'Exclude', 'Only'] as const;

export const EXCESS_ACTIONS = ['Reject', 'Queue', 'Downgrade', 'Alert'] as const;
