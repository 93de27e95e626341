/** What can be recorded. */

/**
 * What became of an object, or was done. `found`: it was there when somebody looked for the first time, and its beginning is not known.
 * `stopped` and `resumed`: the kill switch of an AIBudget, whether it was changed, or came or went with the object.
 */
export const AUDIT_ACTIONS = [
  'created',
  'found',
  'changed',
  'deleted',
  'stopped',
  'resumed',
  'promoted',
  'rolledBack',
  'rerated',
  'priceBookTaken',
  'priceBookRefused',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];
