/** Writes one object's status when it is not what it should be; only on the replica that holds the Lease. */
import { conditionsOf, type ObjectCondition } from '#contract/compile/compile';
import type { Limiting } from '#contract/compile/compile-budgets';
import type { ResourceIndex } from '#contract/compile/resource-index';
import type { Snapshot } from '#contract/compile/snapshot';
import { KIND } from '#contract/names/api';
import { CONDITION } from '#contract/names/conditions';
import type { Json } from '#contract/policy/canonical-json';
import type { Condition } from '#contract/resources/fields';
import type { VariantStatus } from '#contract/resources/route-variant';
import type { EventRecorder, EventSubject } from '#operator/kube/event-recorder';
import type { KubeClient } from '#operator/kube/kube-client';
import { hasStatus } from '#operator/kube/kube-error';
import { remoraType } from '#operator/kube/resource-type';
import { applyStatus } from '#operator/kube/status-client';
import { budgetReport, limitsOf } from '#operator/status/budget-status';
import {
  mergeConditions,
  statusChange,
  transitions,
  type WantedCondition,
  withReady,
} from '#operator/status/conditions';
import { partitionsCondition } from '#operator/status/partitions-condition';
import { formerWord, type Programmed } from '#operator/status/programmed';
import { variantNews } from '#operator/status/variant-rows';
import type { Logger } from '#operator/telemetry/log';
import type { LedgerIndex } from '#treasury/stores/cluster/ledger-index';
import type { Treasury } from '#treasury/treasury';
import type { Experiments } from './experiments/experiments.ts';
import type { CensusQuestion, MatchingSidecars } from './matching-sidecars.ts';
import type { ObservedObject, ObservedObjects } from './observed-objects.ts';

/** Timers know no longer wait; windows may be longer. */
const LONGEST_WAIT_MS = 24 * 3_600_000;

export interface StatusWriterOptions {
  readonly client: KubeClient;
  readonly index: ResourceIndex;
  readonly objects: ObservedObjects;
  readonly matching: MatchingSidecars;
  readonly treasury: Pick<Treasury, 'status'>;
  readonly ledgers: Pick<LedgerIndex, 'count'>;
  readonly events: EventRecorder;
  readonly experiments: Pick<Experiments, 'rows'>;
  readonly log: Logger;
  readonly leads: () => boolean;
  /** The status of this object changes by itself after so many milliseconds. */
  readonly again: (key: string, afterMs: number) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Sidecars are back well within this after an operator started: they wait 30 s at most, and nearly all far less. */
const SETTLE_MS = 30_000;

/** Conditions whose turns are Events. */
const TOLD: ReadonlySet<string> = new Set([CONDITION.accepted, CONDITION.resolvedRefs, CONDITION.partitionsBounded]);

type Wanted = { readonly [field: string]: Json | undefined } & { readonly conditions: Condition[] };

interface Spending {
  readonly fields: { readonly [field: string]: Json };
  readonly condition: WantedCondition | undefined;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #startedAt: number;
  /** Conditions of all objects are worked out once per snapshot. */
  readonly #conditions = new WeakMap<Snapshot, Map<string, ObjectCondition[]>>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Resolves to true when it wrote. Rejects when the API server or the ledger could not be asked; the queue tries again. */
  async write(key: string): Promise<boolean> {
    const { objects, leads, client, log } = this.#options;
    const object = objects.get(key);
    const conditions = this.#conditionsOf(key);
    if (!object || !conditions || !leads()) return false;
    const wanted = await this.#wanted(key, object, conditions);
    const change = statusChange<Wanted>(object.status, wanted);
    if (!change || !leads()) return false;
    const ref = { namespace: object.namespace, name: object.name };
    try {
      await applyStatus(client, remoraType(object.kind), { ref, uid: object.uid, status: change });
    } catch (error) {
      // Deleted, or deleted and created again, meanwhile: the watch brings what is there now.
      if (hasStatus(error, 404) || hasStatus(error, 409)) return true;
      throw error;
    }
    log.debug({ object: key }, 'wrote a status');
    this.#tell(object, change.conditions);
    if (object.kind === KIND.route) this.#tellVariants(key, object, change);
    objects.noteStatus(key, change);
    return true;
  }

  #conditionsOf(key: string): ObjectCondition[] | undefined {
    const snapshot = this.#options.index.snapshot();
    const known = this.#conditions.get(snapshot) ?? conditionsOf(snapshot);
    this.#conditions.set(snapshot, known);
    return known.get(key);
  }

  async #wanted(key: string, object: ObservedObject, conditions: readonly ObjectCondition[]): Promise<Wanted> {
    const generation = conditions[0]?.observedGeneration ?? 0;
    const wanted: WantedCondition[] = [...conditions];
    const fields: Record<string, Json> = {};
    if (object.kind === KIND.route) {
      const accepted = conditions.find(({ type }) => type === CONDITION.accepted);
      const { condition, count } = this.#programmed(key, object, { generation, accepted });
      wanted.push(condition);
      fields.programmed = count;
      const variants = this.#options.experiments.rows(key, variantsOf(object), (ms) => this.#options.again(key, ms));
      if (variants !== undefined) fields.variants = [...variants];
    }
    const spending = await this.#spending(key, object);
    if (spending?.condition) wanted.push(spending.condition);
    const now = new Date(this.#options.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    return {
      ...fields,
      ...spending?.fields,
      observedGeneration: generation,
      conditions: mergeConditions({ present: object.status?.conditions, wanted: withReady(wanted), generation, now }),
    };
  }

  #programmed(key: string, object: ObservedObject, question: CensusQuestion): Programmed {
    const { matching, again, now } = this.#options;
    const counted = matching.programmed(object, question);
    const settlesInMs = this.#startedAt + SETTLE_MS - now();
    const former = settlesInMs > 0 ? formerWord(counted, question.generation, object.status) : undefined;
    if (former) again(key, settlesInMs);
    return former ?? counted;
  }

  /** Undefined: it states no limits. */
  async #spending(key: string, { kind }: ObservedObject): Promise<Spending | undefined> {
    const { treasury, ledgers, again, now } = this.#options;
    const object = this.#limiting(key);
    if (!object) return undefined;
    const limits = limitsOf(object);
    const [first] = limits;
    if (first === undefined) return undefined;
    const readings = await Promise.all(limits.map(async (limit) => ({ limit, status: await treasury.status(limit) })));
    // What a second used is told with the next change of its books: nobody reads it in that time.
    const ends = readings.flatMap(({ limit, status }) => (limit.every === 'Second' ? [] : [status.windowEndMs]));
    if (ends.length > 0) again(key, Math.min(LONGEST_WAIT_MS, Math.max(1_000, Math.min(...ends) - now() + 100)));
    const report = budgetReport(readings);
    return {
      fields: kind === KIND.budget ? { ...report } : { limits: report.limits },
      condition: partitionsCondition(limits, ledgers.count(first.id)),
    };
  }

  #limiting(key: string): Limiting | undefined {
    const content = this.#options.index.content(key);
    return content === undefined || content.kind === KIND.policy ? undefined : content;
  }

  /** An Event for what turned bad, and for what turned good again; a new object that is fine is no news. */
  #tell(object: ObservedObject, conditions: readonly Condition[]): void {
    for (const { type, status, reason, message } of transitions(object.status?.conditions, conditions)) {
      const isNew = !object.status?.conditions?.some((before) => before.type === type);
      const told = TOLD.has(type);
      if (!told || (isNew && status === 'True')) continue;
      this.#options.events.record(subjectOf(object), {
        type: status === 'True' ? 'Normal' : 'Warning',
        reason,
        action: 'Compile',
        note: message,
      });
    }
  }

  #tellVariants(key: string, object: ObservedObject, { variants }: Wanted): void {
    const { events, log } = this.#options;
    for (const news of variantNews(variantsOf(object), variants as VariantStatus[] | undefined)) {
      events.record(subjectOf(object), { ...news, action: 'Judge' });
      log.info({ object: key, reason: news.reason, note: news.note }, 'a variant was judged');
    }
  }
}

const subjectOf = ({ kind, namespace, name, uid }: ObservedObject): EventSubject => ({ kind, namespace, name, uid });

/** As we wrote them, and the API server's schema holds them. */
const variantsOf = ({ status }: ObservedObject): VariantStatus[] =>
  (status?.variants ?? []) as unknown as VariantStatus[];
