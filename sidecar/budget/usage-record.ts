/** What the journal keeps and the operator is sent of one attempt, or of a request that none was made for: a usage row, without what is empty. */
import type { z } from 'zod';
import type { COUNTS, LABELS, usageRow } from '#contract/history/usage-row';
import type { Operation } from '#sidecar/canonical/operation';

/** `usageRow` restores what is left out: labels that are empty, counts that are 0, a first token that never came. */
export type UsageRecord = z.input<typeof usageRow>;

/** What says which row it is, given when the journal takes it. */
type Identity = 'instance' | 'seq';
/** As JSON has it: money is decimal text, and what is undefined is left out. */
type Written<Row> = { readonly [Name in keyof Row]: Name extends 'costNanoUsd' ? string | null : Row[Name] };
export type UnnumberedRecord = Written<Omit<UsageRecord, Identity>>;

/** What of a row is known when its attempt has ended. */
type Ending = (typeof COUNTS)[number] | 'costNanoUsd' | 'totalMs' | 'firstTokenMs' | 'outcome' | 'failure' | 'billing';
export type RowEnd = Pick<UnnumberedRecord, Ending | 'traffic'>;
/** What is known of it before, which the journal is told once. */
export type RowBeginning = Omit<UnnumberedRecord, Ending>;

type Label = (typeof LABELS)[number] | 'requestId' | 'priceVersion';

/** What is known of an attempt before it is sent. Texts as they came: `plainLabel` is applied when the row is made. */
export type RowLabels = { readonly [L in Exclude<Label, 'outcome' | 'traffic'>]?: string | undefined } & {
  /** From 1. */
  readonly attempt?: number;
  readonly traffic?: UsageRecord['traffic'];
  /** As the operation is billed; default `tokens`. */
  readonly billed?: Operation['billed'];
  /** What is billed by the piece, and how many. */
  readonly pieces?: { readonly images: number } | { readonly characters: number };
};

/** How an attempt ended, as its row tells it. */
export interface AttemptEnd {
  readonly outcome: UsageRecord['outcome'];
  /** A kind of `errors/failure-kinds`, or the error code that ended the request. */
  readonly failure?: string;
  readonly traffic?: UsageRecord['traffic'];
  /** Milliseconds. */
  readonly totalMs: number;
  /** Milliseconds; absent: there was no content. */
  readonly firstTokenMs?: number | undefined;
}

/** The bounds of `usageRow`: a row that it refuses would be lost. */
const LONGEST_LABEL = 512;
const LARGEST_COUNT = 10 ** 10;
const DEAREST_NANO_USD = 10n ** 14n;
const LONGEST_MS = 30 * 86_400_000;
const LAST_ATTEMPT = 10_000;
const FIRST_TIME = Date.UTC(2020, 0);
const LAST_TIME = Date.UTC(2100, 0);

/** Unicode's general category Cc, by its numbers: this is asked of each label of each row. */
const CONTROL = /[^ -~\u00a0-\uffff]/;
const CONTROLS = /[^ -~\u00a0-\uffff]+/g;

/** A caller's words, cut and without control characters, so that no row is refused for them. undefined: nothing is left. */
function plainLabel(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (text.length <= LONGEST_LABEL && text.isWellFormed() && !CONTROL.test(text)) return text;
  // A surrogate whose other half was cut off is no text.
  return text.replace(CONTROLS, ' ').slice(0, LONGEST_LABEL).toWellFormed() || undefined;
}

const whole = (value: number, most: number): number =>
  Number.isNaN(value) ? 0 : Math.min(most, Math.max(0, Math.round(value)));

export const countOf = (count: number): number => whole(Math.ceil(count), LARGEST_COUNT);
export const millisOf = (ms: number): number => whole(ms, LONGEST_MS);
/** null: unknown. */
export const costText = (cost: bigint | null): string | null =>
  cost === null ? null : String(cost > DEAREST_NANO_USD ? DEAREST_NANO_USD : cost);

type RowTexts = { readonly [L in Exclude<Label, 'outcome' | 'traffic'>]: string | undefined };

/** `usageRow` restores it. */
export const unlessLive = (traffic: UsageRecord['traffic']): UsageRecord['traffic'] =>
  traffic === 'live' ? undefined : traffic;

/** The labels as they stand in a row. Name by name, so that all rows are of one shape and none can be forgotten. */
export const labelled = (labels: RowLabels) =>
  ({
    attempt: Math.max(1, whole(labels.attempt ?? 1, LAST_ATTEMPT)),
    requestId: plainLabel(labels.requestId),
    namespace: plainLabel(labels.namespace),
    workload: plainLabel(labels.workload),
    team: plainLabel(labels.team),
    project: plainLabel(labels.project),
    environment: plainLabel(labels.environment),
    feature: plainLabel(labels.feature),
    user: plainLabel(labels.user),
    session: plainLabel(labels.session),
    run: plainLabel(labels.run),
    key: plainLabel(labels.key),
    route: plainLabel(labels.route),
    rule: plainLabel(labels.rule),
    variant: plainLabel(labels.variant),
    provider: plainLabel(labels.provider),
    providerName: plainLabel(labels.providerName),
    model: plainLabel(labels.model),
    operation: plainLabel(labels.operation),
    priceVersion: plainLabel(labels.priceVersion),
    traffic: unlessLive(labels.traffic),
  }) satisfies RowTexts & Pick<UnnumberedRecord, 'attempt' | 'traffic'>;

/** A clock that is wrong by years would make a row that no history takes. */
export const timeWithin = (unixMs: number): number =>
  Math.min(LAST_TIME, Math.max(FIRST_TIME, Math.trunc(unixMs) || FIRST_TIME));
