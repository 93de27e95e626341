/** What the status of an object says of the limits that it states, and who is told when that changes. */
import type { Limiting } from '#contract/compile/compile-budgets';
import { objectKey } from '#contract/compile/object-key';
import type { ResourceIndex } from '#contract/compile/resource-index';
import { alertsOf } from '#contract/compile/secret-refs';
import { ANNOTATION, KIND } from '#contract/names/api';
import { CONDITION, EVENT_REASON, REASON } from '#contract/names/conditions';
import type { AIBudget, AIBudgetStatus } from '#contract/resources/ai-budget';
import type { AlertPoster } from '#operator/alerts/alert-poster';
import { dueAlerts, newlyTold, type Passed, type Told } from '#operator/alerts/due-alerts';
import type { EventNote } from '#operator/kube/event-recorder';
import { type BudgetReport, budgetReport, type LimitReading, limitsOf } from '#operator/status/budget-status';
import type { WantedCondition } from '#operator/status/conditions';
import { partitionsCondition } from '#operator/status/partitions-condition';
import type { OperatorMetrics } from '#operator/telemetry/metrics';
import type { LedgerIndex } from '#treasury/stores/cluster/ledger-index';
import type { Treasury } from '#treasury/treasury';
import { looksOf, readLimits } from './limit-readings.ts';
import type { ObservedObject } from './observed-objects.ts';

export interface BudgetReportsOptions {
  readonly index: ResourceIndex;
  readonly treasury: Pick<Treasury, 'status'>;
  readonly ledgers: Pick<LedgerIndex, 'count'>;
  readonly poster: Pick<AlertPoster, 'keep' | 'forget' | 'isOver' | 'failing'>;
  readonly metrics: Pick<OperatorMetrics, 'budgetAlerts'>;
  readonly again: (key: string, afterMs: number) => void;
  /** How old the figures of limits with alerts may be where nobody tells of changes in the store; undefined: somebody does. */
  readonly lookEveryMs: number | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** All of an AIBudget; of other kinds `limits` and `deliveries`. */
export type LimitFields = BudgetReport & Pick<AIBudgetStatus, 'stopped' | 'deliveries'>;

export interface ReportedLimits {
  readonly fields: LimitFields;
  readonly conditions: readonly WantedCondition[];
  /** What the status is worked out from must be what it replaces: two writers must not both tell of the same. */
  readonly isConditional: boolean;
}

type Present = AIBudgetStatus & Told;

interface Reading {
  readonly limiting: Limiting;
  readonly object: ObservedObject;
  readonly report: BudgetReport;
  readonly readings: readonly LimitReading[];
}

/** A window of whatever length is looked at again by then. */
const LONGEST_WAIT_MS = 24 * 3_600_000;

export class BudgetReports {
  readonly #options: BudgetReportsOptions;

  constructor(options: BudgetReportsOptions) {
    this.#options = options;
  }

  /** undefined: it is gone, states no limits, or nothing of it was ever right. Rejects when the store cannot be asked. */
  async report(key: string, object: ObservedObject): Promise<ReportedLimits | undefined> {
    const { ledgers } = this.#options;
    const limiting = this.#limiting(key);
    const limits = limiting ? limitsOf(limiting) : [];
    const [first] = limits;
    if (limiting === undefined || first === undefined) return undefined;
    const readings = await this.#readings(key, limiting, object);
    const bounded = partitionsCondition(limits, ledgers.count(first.id));
    const conditions = bounded ? [bounded] : [];
    const report = budgetReport(readings);
    const told = this.#told(key, { limiting, object, report, readings });
    return { ...told, conditions: [...conditions, ...told.conditions] };
  }

  async #readings(key: string, limiting: Limiting, object: ObservedObject): Promise<LimitReading[]> {
    const { again, now } = this.#options;
    const readings = await readLimits(this.#options, limiting, presentOf(object));
    // What a second used is told with the next change of its books: nobody reads it in that time.
    const ends = readings.flatMap(({ limit, status }) => (limit.every === 'Second' ? [] : [status.windowEndMs]));
    if (ends.length > 0) again(key, Math.min(LONGEST_WAIT_MS, Math.max(1_000, Math.min(...ends) - now() + 100)));
    return readings;
  }

  #told(key: string, { limiting, object, report, readings }: Reading): ReportedLimits {
    const { again, now, lookEveryMs, poster } = this.#options;
    const looks = looksOf(limiting, readings);
    const isWatched = looks.some(({ alertAtPercent }) => alertAtPercent.length > 0);
    const webhooks = alertsOf(limiting).length;
    if (isWatched && lookEveryMs !== undefined) again(key, lookEveryMs);
    const due = dueAlerts({
      uid: object.uid,
      webhooks,
      looks,
      present: presentOf(object),
      isOver: (delivery) => poster.isOver(delivery),
      now: new Date(now()).toISOString(),
    });
    return {
      fields: {
        ...(limiting.kind === KIND.budget && { ...report, ...(limiting.spec.stop && { stopped: true }) }),
        limits: due.limits,
        ...(due.deliveries.length > 0 && { deliveries: due.deliveries }),
      },
      conditions: webhooks === 0 ? [] : [this.#delivered(key, object, due.deliveries.length)],
      isConditional: isWatched,
    };
  }

  /** What its status, as it is written now, has still to be done about. */
  keep(key: string, object: ObservedObject): void {
    const limiting = this.#limiting(key);
    const webhooks = limiting === undefined ? [] : alertsOf(limiting).map(({ webhook }) => webhook);
    const { deliveries = [] } = presentOf(object);
    this.#options.poster.keep(key, { object, webhooks, deliveries });
  }

  /** It is gone. */
  forget(key: string): void {
    this.#options.poster.forget(key);
  }

  /** Events of what `after`, which was just written, says and `object` did not. */
  news(object: ObservedObject, after: LimitFields): EventNote[] {
    const before = presentOf(object);
    const passed = newlyTold(before, after);
    this.#options.metrics.budgetAlerts.inc(passed.length);
    const alerts = passed.map((one) => ({
      ...({ type: 'Warning', reason: EVENT_REASON.budgetThreshold, action: 'Count' } as const),
      note: passedNote(one),
    }));
    const budget = this.#limiting(objectKey(object));
    if (budget?.kind !== KIND.budget || (before.stopped === true) === (after.stopped === true)) return alerts;
    return [...alerts, after.stopped ? stopNote(budget) : RESUMED];
  }

  /** An alert that was not tried by this process yet says nothing: what stands, stands. */
  #delivered(key: string, object: ObservedObject, waiting: number): WantedCondition {
    const type = CONDITION.alertsDelivered;
    const failing = this.#options.poster.failing(key);
    if (failing !== undefined) {
      const message = `spec.alerts[${failing.webhook}].webhook has not taken an alert and is asked again for a day: ${failing.reason}`;
      return { type, status: 'False', reason: REASON.deliveryFailed, message };
    }
    const former = object.status?.conditions?.find((condition) => condition.type === type);
    if (waiting > 0 && former?.status === 'False') return { ...former, type };
    return { type, status: 'True', reason: REASON.delivered, message: 'No alert waits for a webhook.' };
  }

  #limiting(key: string): Limiting | undefined {
    const content = this.#options.index.content(key);
    return content === undefined || content.kind === KIND.policy ? undefined : content;
  }
}

/** As we wrote it, and the API server's schema holds it. */
const presentOf = ({ status }: ObservedObject): Present => (status ?? {}) as unknown as Present;

function passedNote({ row, percent, isBefore }: Passed): string {
  if (isBefore) return `Limit ${row.name}, in the window that ended at ${row.windowStart}: ${percent}% is passed.`;
  const where = row.windowEnd === undefined ? 'of a run' : `in the window that ends at ${row.windowEnd}`;
  return `Limit ${row.name} has used ${row.percent}% ${where}, ${row.spent}: ${percent}% is passed.`;
}

function stopNote({ metadata, spec }: AIBudget): EventNote {
  const by = metadata.annotations?.[ANNOTATION.stoppedBy];
  const why = spec.stopReason === undefined ? '' : `: ${spec.stopReason}`;
  const who = by === undefined ? '' : ` Stopped by ${by}, as it says itself.`;
  const note = `Every request that its limits cover is refused${why}.${who}`;
  return { type: 'Warning', reason: EVENT_REASON.budgetStopped, action: 'Stop', note };
}

const RESUMED: EventNote = {
  ...{ type: 'Normal', reason: EVENT_REASON.budgetResumed, action: 'Resume' },
  note: 'Requests that its limits cover are let through again.',
};
