/** Writes one object's status when it is not what it should be; only on the replica that holds the Lease. */
import { conditionsOf, type ObjectCondition } from '#contract/compile/compile';
import type { ResourceIndex } from '#contract/compile/resource-index';
import type { Snapshot } from '#contract/compile/snapshot';
import { KIND } from '#contract/names/api';
import { CONDITION, EVENT_REASON } from '#contract/names/conditions';
import type { Json } from '#contract/policy/canonical-json';
import type { Condition } from '#contract/resources/fields';
import type { VariantStatus } from '#contract/resources/route-variant';
import type { AuditTrail } from '#operator/audit/audit-trail';
import type { EventRecorder, EventSubject } from '#operator/kube/event-recorder';
import type { KubeClient } from '#operator/kube/kube-client';
import { hasStatus } from '#operator/kube/kube-error';
import { remoraType } from '#operator/kube/resource-type';
import { applyStatus } from '#operator/kube/status-client';
import {
  mergeConditions,
  statusChange,
  transitions,
  type WantedCondition,
  withReady,
} from '#operator/status/conditions';
import { formerWord, type Programmed } from '#operator/status/programmed';
import { variantNews } from '#operator/status/variant-rows';
import type { Logger } from '#operator/telemetry/log';
import type { BudgetReports, LimitFields } from './budget-reports.ts';
import type { Experiments } from './experiments/experiments.ts';
import type { KeyTokens } from './key-tokens.ts';
import type { CensusQuestion, MatchingSidecars } from './matching-sidecars.ts';
import type { ObservedObject, ObservedObjects } from './observed-objects.ts';

export interface StatusWriterOptions {
  readonly client: KubeClient;
  readonly index: ResourceIndex;
  readonly objects: ObservedObjects;
  readonly matching: MatchingSidecars;
  readonly budgets: BudgetReports;
  readonly keys: Pick<KeyTokens, 'issue'>;
  readonly events: EventRecorder;
  readonly audit: Pick<AuditTrail, 'decided'> | undefined;
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

type WantedStatus = { readonly [field: string]: Json | undefined } & { readonly conditions: Condition[] };

interface Wanted {
  readonly status: WantedStatus;
  /** Only the version that was looked at may be replaced. */
  readonly isConditional: boolean;
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
    if (!object) this.#options.budgets.forget(key);
    if (!object || !conditions || !leads()) return false;
    const { status, isConditional } = await this.#wanted(key, object, conditions);
    const change = statusChange<WantedStatus>(object.status, status);
    if (!leads()) return false;
    if (!change) {
      this.#options.budgets.keep(key, object);
      return false;
    }
    const { uid, resourceVersion } = object;
    const ref = { namespace: object.namespace, name: object.name };
    let version: string | undefined;
    try {
      const write = { ref, uid, status: change, ...(isConditional && { resourceVersion }) };
      version = await applyStatus(client, remoraType(object.kind), write);
    } catch (error) {
      // Deleted, created again or written by others meanwhile: the watch brings what is there now.
      if (hasStatus(error, 404) || hasStatus(error, 409)) return true;
      throw error;
    }
    log.debug({ object: key }, 'wrote a status');
    this.#tell(object, change.conditions);
    if (object.kind === KIND.route) this.#tellVariants(key, object, change);
    objects.noteStatus(key, change, version);
    this.#tellLimits(key, object, change);
    return true;
  }

  /** What was told is durable before anybody is. */
  #tellLimits(key: string, object: ObservedObject, change: WantedStatus): void {
    const { budgets, events } = this.#options;
    for (const note of budgets.news(object, change as unknown as LimitFields)) events.record(subjectOf(object), note);
    budgets.keep(key, { ...object, status: change });
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
    const token = await this.#options.keys.issue(key, object);
    if (token) wanted.push(token.condition);
    const report = await this.#options.budgets.report(key, object);
    const now = new Date(this.#options.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const all = [...withReady(wanted), ...(report?.conditions ?? [])];
    const status = {
      ...fields,
      ...token?.fields,
      ...report?.fields,
      observedGeneration: generation,
      conditions: mergeConditions({ present: object.status?.conditions, wanted: all, generation, now }),
    };
    return { status, isConditional: report?.isConditional === true };
  }

  #programmed(key: string, object: ObservedObject, question: CensusQuestion): Programmed {
    const { matching, again, now } = this.#options;
    const counted = matching.programmed(object, question);
    const settlesInMs = this.#startedAt + SETTLE_MS - now();
    const former = settlesInMs > 0 ? formerWord(counted, question.generation, object.status) : undefined;
    if (former) again(key, settlesInMs);
    return former ?? counted;
  }

  /** An Event for what turned bad, and for what turned good again; what is new and fine is no news. */
  #tell(object: ObservedObject, conditions: readonly Condition[]): void {
    for (const { type, status, reason, message } of transitions(object.status?.conditions, conditions)) {
      const isNew = object.status?.conditions?.every((before) => before.type !== type) !== false;
      if (!TOLD.has(type) || (isNew && status === 'True')) continue;
      this.#options.events.record(subjectOf(object), {
        type: status === 'True' ? 'Normal' : 'Warning',
        reason,
        action: ACTION[type] ?? 'Compile',
        note: message,
      });
    }
  }

  #tellVariants(key: string, object: ObservedObject, { variants }: WantedStatus): void {
    const { events, log, audit } = this.#options;
    for (const news of variantNews(variantsOf(object), variants as VariantStatus[] | undefined)) {
      events.record(subjectOf(object), { ...news, action: 'Judge' });
      log.info({ object: key, reason: news.reason, note: news.note }, 'a variant was judged');
      const action = news.reason === EVENT_REASON.variantPromoted ? 'promoted' : 'rolledBack';
      audit?.decided({ action, object: subjectOf(object), what: news.note, outcome: news.note });
    }
  }
}

/** Conditions whose changes are Events. */
const TOLD: ReadonlySet<string> = new Set([
  CONDITION.accepted,
  CONDITION.resolvedRefs,
  CONDITION.partitionsBounded,
  CONDITION.alertsDelivered,
  CONDITION.issued,
]);

const ACTION: Readonly<Record<string, string>> = {
  [CONDITION.alertsDelivered]: 'Post',
  [CONDITION.issued]: 'Issue',
};

const subjectOf = ({ kind, namespace, name, uid }: ObservedObject): EventSubject => ({ kind, namespace, name, uid });

/** As we wrote them, and the API server's schema holds them. */
const variantsOf = ({ status }: ObservedObject): VariantStatus[] =>
  (status?.variants ?? []) as unknown as VariantStatus[];
