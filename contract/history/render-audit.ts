/** Records of changes as CSV and as JSON. */
import type { AuditChange, AuditPage, AuditRecord } from './audit.ts';
import { cursorText } from './audit-request.ts';
import { asText, csvLine } from './csv.ts';

/** A record as JSON has it: `time` by ISO 8601 in place of milliseconds. */
export type AuditRecordJson = Omit<AuditRecord, 'timeMs'> & { readonly time: string };

export interface AuditJson {
  readonly records: readonly AuditRecordJson[];
  /** For `before`; absent where there are no more. */
  readonly next?: string;
}

export const auditJson = ({ records, next }: AuditPage): AuditJson => ({
  records: records.map(({ timeMs, ...record }) => ({ time: new Date(timeMs).toISOString(), ...record })),
  ...(next !== undefined && { next: cursorText(next) }),
});

const HEAD = [
  ...['time', 'actor', 'action', 'kind', 'namespace', 'name', 'uid', 'generation', 'fromGeneration'],
  ...['changes', 'omitted', 'outcome'],
];

/** `/spec/stop: false -> true`. No value of JSON is `none`. */
export const changeText = ({ path, from = 'none', to = 'none' }: AuditChange): string => `${path}: ${from} -> ${to}`;

/** A head, then one line per record. Changes are joined by `; `. */
export const auditCsv = (records: readonly AuditRecordJson[]): string =>
  [
    HEAD,
    ...records.map(({ changes, omitted, generation, fromGeneration, ...record }) =>
      [
        ...[record.time, record.actor, record.action, record.kind, record.namespace, record.name, record.uid],
        ...[String(generation ?? ''), String(fromGeneration ?? '')],
        ...[changes.map(changeText).join('; '), String(omitted), record.outcome],
      ].map(asText),
    ),
  ]
    .map(csvLine)
    .join('');
