/** Which percentages of a limit were passed and not told yet, and who is still to hear of them. Pure: what is kept is the status of the object. */
import { createHash } from 'node:crypto';
import { type AlertDelivery, MAX_DELIVERIES } from '#contract/resources/limit-alerts';
import type { LimitStatus } from '#contract/resources/limit-status';

/** One limit in one window. */
export interface WindowLook {
  readonly row: LimitStatus;
  /** The cap, with its unit. */
  readonly amount: string;
  /** Of a limit with `per`: a digest of whoever spent most. */
  readonly fullest?: string | undefined;
}

/** In its present window. */
export interface LimitLook extends WindowLook {
  readonly alertAtPercent: readonly number[];
  /** The window before, of which something may still have come. */
  readonly before?: WindowLook | undefined;
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

/** A percentage is told once in a window, however spending and the cap move in it, and also of one that is over. */
export function dueAlerts({ uid, webhooks, looks, present, isOver, now }: AlertScene): DueAlerts {
  const waiting = (present.deliveries ?? []).filter((one) => one.webhook < webhooks && !isOver(one));
  /** All that is told then. */
  const raise = (look: WindowLook, at: readonly number[], told: readonly number[]): number[] => {
    const passed = at.filter((percent) => look.row.percent >= percent && !told.includes(percent));
    for (const percent of passed)
      for (let webhook = 0; webhook < webhooks; webhook += 1)
        waiting.push(deliveryOf(look, { uid, percent, webhook, raised: now }));
    return [...told, ...passed].sort((a, b) => a - b);
  };
  const limits = looks.map((look) => {
    const { row, before, alertAtPercent } = look;
    const { inIt, before: earlier } = toldOf(row, present, before?.row);
    const alertedBefore = before && earlier && raise(before, alertAtPercent, earlier);
    const alerted = raise(look, alertAtPercent, inIt);
    return { ...row, ...(alerted.length > 0 && { alerted }), ...(alertedBefore && { alertedBefore }) };
  });
  return { limits, deliveries: waiting.slice(-MAX_DELIVERIES) };
}

interface ToldOfLimit {
  readonly inIt: readonly number[];
  /** Of the window before; undefined: nobody looked at it while it was the present one, so that what was told of it is not known. */
  readonly before: readonly number[] | undefined;
}

/** Another window begins with nothing told. */
function toldOf(row: LimitStatus, { limits = [] }: Told, before: LimitStatus | undefined): ToldOfLimit {
  const known = limits.find(({ name }) => name === row.name);
  if (known?.windowStart === row.windowStart) return { inIt: known?.alerted ?? [], before: known?.alertedBefore };
  const isNext = known !== undefined && known.windowStart === before?.windowStart;
  return { inIt: [], before: isNext ? (known.alerted ?? []) : undefined };
}

function deliveryOf(
  { row, amount, fullest }: WindowLook,
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
  /** In the window before that of `row`. */
  readonly isBefore: boolean;
}

/** What `after` says was told and `before` does not. */
export const newlyTold = (before: Told, after: Told): Passed[] =>
  (after.limits ?? []).flatMap((row) => {
    const known = before.limits?.find(({ name }) => name === row.name);
    const isSame = known?.windowStart === row.windowStart;
    const earlier = without(row.alertedBefore, isSame ? known?.alertedBefore : known?.alerted);
    const present = without(row.alerted, isSame ? known?.alerted : []);
    return [
      ...earlier.map((percent) => ({ row, percent, isBefore: true })),
      ...present.map((percent) => ({ row, percent, isBefore: false })),
    ];
  });

const without = (told: readonly number[] = [], known: readonly number[] = []): readonly number[] =>
  told.filter((percent) => !known.includes(percent));
