/** What a sidecar does with the limits of an AIBudget while it cannot reach the operator. */
export const OPERATOR_LOSSES = ['SpendGrant', 'Stop', 'Allow'] as const;
