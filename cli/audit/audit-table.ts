/** Records of changes as a table for a terminal. Pure. */
import { printable } from '#cli/output/printable';
import { table } from '#cli/output/table';
import { type AuditRecordJson, changeText } from '#contract/history/render-audit';

const MOST_CHANGES = 5;
const MOST_CHARS = 60;

export function auditTable(records: readonly AuditRecordJson[], isMore: boolean): string {
  if (records.length === 0) return 'Nothing is recorded of what was asked for.\n';
  const rows = records.map((record) => [
    record.time.replace(/\.\d+Z$/, 'Z'),
    printable(actorOf(record)),
    record.action,
    printable(objectOf(record)),
    printable(whatOf(record)),
  ]);
  const note = isMore ? `The ${records.length} newest; --limit shows more.\n` : '';
  return table(['TIME', 'ACTOR', 'ACTION', 'OBJECT', 'CHANGES'], rows) + note;
}

function actorOf({ actor, generation, fromGeneration }: AuditRecordJson): string {
  const known = actor === '' ? 'not known' : actor;
  const isOne = generation === null || fromGeneration === null || generation - fromGeneration <= 1;
  return isOne ? known : `${known}, or whoever was before`;
}

const objectOf = ({ kind, namespace, name }: AuditRecordJson): string =>
  kind === '' ? '' : `${kind} ${namespace}/${name}`;

function whatOf({ changes, omitted, outcome }: AuditRecordJson): string {
  const shown = changes
    .slice(0, MOST_CHANGES)
    .map(({ path, from, to }) => changeText({ path, from: cut(from), to: cut(to) }));
  const more = changes.length - shown.length + omitted;
  return [...shown, ...(more > 0 ? [`${more} more`] : []), ...(outcome === '' ? [] : [outcome])].join('; ');
}

const cut = (text: string | undefined): string | undefined =>
  text === undefined || text.length <= MOST_CHARS ? text : `${text.slice(0, MOST_CHARS)}...`;
