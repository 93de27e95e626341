/** One line of `remora check`, and the ways in which the groups make theirs. Pure. */

export type CheckGroup =
  | 'kubernetes-api'
  | 'permissions'
  | 'crds'
  | 'operator'
  | 'webhook'
  | 'policy-stream'
  | 'history'
  | 'routes'
  | 'providers'
  | 'budgets'
  | 'policies'
  | 'keys'
  | 'pods';

export interface Finding {
  readonly group: CheckGroup;
  readonly level: 'ok' | 'warning' | 'failure';
  readonly message: string;
  /** One command that mends it or says more. */
  readonly remedy?: string;
}

const MAX_PER_GROUP = 10;

export const ok = (group: CheckGroup, message: string): Finding => ({ group, level: 'ok', message });

export const failure = (group: CheckGroup, message: string, remedy?: string): Finding => ({
  group,
  level: 'failure',
  message,
  ...(remedy === undefined ? {} : { remedy }),
});

export const warning = (group: CheckGroup, message: string, remedy?: string): Finding => ({
  ...failure(group, message, remedy),
  level: 'warning',
});

/** The right to read is itself something to set up. */
export const unreadable = (group: CheckGroup, fault: string): Finding =>
  failure(group, `cannot be read: ${fault}`, 'kubectl auth whoami');

/** What is wrong, the worst first and no more than fits a screen; else the one line that says that nothing is. */
export function summed(group: CheckGroup, faults: readonly Finding[], fine: string): Finding[] {
  if (faults.length === 0) return [ok(group, fine)];
  const sorted = [
    ...faults.filter(({ level }) => level === 'failure'),
    ...faults.filter(({ level }) => level !== 'failure'),
  ];
  const rest = sorted.length - MAX_PER_GROUP;
  const shown = sorted.slice(0, MAX_PER_GROUP);
  const level = shown[0]?.level ?? 'warning';
  return rest > 0 ? [...shown, { group, level, message: `and ${rest} more` }] : shown;
}
