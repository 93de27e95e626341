/**
 * Usage rows as the journal keeps them: JSON from the moment that they are known. Thousands may wait for the history, and for the collector of
 * garbage a text is one thing where a row is thirty.
 */
import { decodeRow } from '#contract/history/row-json';
import type { UnnumberedRecord, UsageRecord } from './usage-record.ts';

/** Members of a row as JSON has them, without the braces: parts of one row are joined by a comma. */
export type RowText = string;

/** A row that history has not acknowledged. */
export interface KeptRow extends Pick<UsageRecord, 'instance' | 'seq'> {
  /** All that it says beside that. */
  readonly text: RowText;
}

/** Empty where all of it is. */
export const rowText = (part: Partial<UnnumberedRecord>): RowText => JSON.stringify(part).slice(1, -1);

/** As it travels. */
export const rowJson = ({ instance, seq, text }: KeptRow): string =>
  `{"instance":${JSON.stringify(instance)},"seq":${seq},${text}}`;

export const recordOf = (row: KeptRow): UsageRecord => decodeRow(rowJson(row)) as UsageRecord;
