/** What a webhook is posted: the same bytes in every attempt, so that a receiver may compare them. */
import { KIND } from '#contract/names/api';
import type { AlertDelivery } from '#contract/resources/limit-alerts';

/** What states the limit. */
export interface AlertedObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** UTF-8 of JSON, in the form of Standard Webhooks: type, timestamp, data. Amounts are decimal texts in `unit`. */
export function alertEvent(
  { kind, namespace, name }: AlertedObject,
  { id, limit, percent, spent, amount, fullest, windowStart, windowEnd, raised }: AlertDelivery,
): Uint8Array {
  const [unit, text] = [unitOf(amount), (value: string) => value.slice(0, value.indexOf(' '))];
  const data = {
    ...{ id, kind, namespace, name },
    // Receivers read this name where alerts were those of AIBudgets alone.
    ...(kind === KIND.budget && { budget: name }),
    ...{ limit, percent, spent: text(spent), amount: text(amount), unit, windowStart, windowEnd },
    ...(fullest !== undefined && { fullest }),
  };
  return Buffer.from(JSON.stringify({ type: 'budget.threshold', timestamp: raised, data }));
}

const unitOf = (amount: string): string => amount.slice(amount.indexOf(' ') + 1);
