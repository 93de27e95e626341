/** Which percentages of a limit were passed and not told yet, and who is still to hear of them. Pure: what is kept is the status of the object. */
import { createHash } from 'node:crypto';
import { type AlertDelivery, MAX_DELIVERIES } from '#contract/resources/limit-alerts';
import type { LimitStatus } from '#contract/resources/limit-status';

/** One limit in its present window. */
interface LimitLook {
  readonly row: LimitStatus;
  readonly alertAtPercent: readonly number[];
  /** The cap, with its unit. */
  readonly amount: string;
  /** Of a limit with `per`: a digest of whoever spent most. */
  readonly fullest?: string | undefined;
}

export interface Told {
  readonly limits?: readonly LimitStatus[];
  readonly deliveries?: readonly AlertDelivery[];
}

export interface AlertScene {
  /** Of the object that states the limits. */
  readonly uid: string;
  /** How many are to hear of each. */
  readonly webhooks: number;
  readonly looks: readonly LimitLook[];
  /** What the status says was told, and still waits. */
  readonly present: Told;
  /** Nobody is to be told of it any more. */
  readonly isOver: (delivery: AlertDelivery) => boolean;
  /** RFC 3339. */
  readonly now: string;
}

export interface DueAlerts {
  readonly limits: LimitStatus[];
  /** Oldest first, at most MAX_DELIVERIES: what does not fit any more is told by no webhook. */
  readonly deliveries: AlertDelivery[];
}

/** A percentage is told once in a window, however spending and the cap move in it. */
export function dueAlerts({ uid, webhooks, looks, present, isOver, now }: AlertScene): DueAlerts {
  const waiting = (present.deliveries ?? []).filter((one) => one.webhook < webhooks && !isOver(one));
  const limits: LimitStatus[] = [];
  for (const look of looks) {
    const told = toldOf(look, present);
    const passed = look.alertAtPercent.filter((percent) => look.row.percent >= percent && !told.includes(percent));
    const alerted = [...told, ...passed].sort((a, b) => a - b);
    limits.push({ ...look.row, ...(alerted.length > 0 && { alerted }) });
    for (const percent of passed)
      for (let webhook = 0; webhook < webhooks; webhook += 1)
        waiting.push(deliveryOf(look, { uid, percent, webhook, raised: now }));
  }
  return { limits, deliveries: waiting.slice(-MAX_DELIVERIES) };
}

/** Another window begins with nothing told. */
const toldOf = ({ row }: LimitLook, { limits = [] }: Told): readonly number[] =>
  limits.find(({ name, windowStart }) => name === row.name && windowStart === row.windowStart)?.alerted ?? [];

function deliveryOf(
  { row, amount, fullest }: LimitLook,
  raised: { readonly uid: string; readonly percent: number; readonly webhook: number; readonly raised: string },
): AlertDelivery {
  const { name: limit, spent, windowStart, windowEnd } = row;
  const window = { ...(windowStart !== undefined && { windowStart }), ...(windowEnd !== undefined && { windowEnd }) };
  const { uid, ...rest } = raised;
  const named = JSON.stringify([uid, limit, windowStart, rest.percent, rest.webhook]);
  const id = `alert_${createHash('sha256').update(named).digest('hex').slice(0, 32)}`;
  return { id, ...rest, limit, spent, amount, ...(fullest !== undefined && { fullest }), ...window };
}

export interface Passed {
  readonly row: LimitStatus;
  readonly percent: number;
}

/** What `after` says was told and `before` does not. */
export const newlyTold = (before: Told, after: Told): Passed[] =>
  (after.limits ?? []).flatMap((row) => {
    const told = before.limits?.find(({ name, windowStart }) => name === row.name && windowStart === row.windowStart);
    const fresh = (row.alerted ?? []).filter((percent) => !told?.alerted?.includes(percent));
    return fresh.map((percent) => ({ row, percent }));
  });
