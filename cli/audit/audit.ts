/** `remora audit`: who changed what, as the history has it. */
import { connect } from '#cli/kube/cluster';
import { askHistory, placeOf } from '#cli/report/history';
import { paramsOf } from '#cli/report/history-flags';
import { UserError } from '#cli/user-error';
import { MOST_RECORDS } from '#contract/history/audit-request';
import { type AuditJson, type AuditRecordJson, auditCsv } from '#contract/history/render-audit';
import { USER_KINDS } from '#contract/resources/kinds';
import { auditTable } from './audit-table.ts';
import type { AuditFlags } from './command.ts';

/** Throws UserError when it cannot be asked or says no. */
export async function audit({ operator, kind, limit, format, ...flags }: AuditFlags): Promise<string> {
  const { namespace, name, actor, action, since, until, ...cluster } = flags;
  const params = paramsOf({ kind: kind && kindOf(kind), namespace, name, actor, action, since, until });
  const asked = await connect(cluster);
  const records: AuditRecordJson[] = [];
  let next: string | undefined;
  do {
    params.set('limit', String(Math.min(limit - records.length, MOST_RECORDS)));
    if (next !== undefined) params.set('before', next);
    const path = `/v1/audit?${params}`;
    const page = pageOf(await askHistory(asked, placeOf(operator), { path, account: 'audit-reader' }));
    records.push(...page.records);
    next = page.next;
  } while (next !== undefined && records.length < limit);
  if (format === 'json') return `${JSON.stringify({ records }, undefined, 2)}\n`;
  return format === 'csv' ? auditCsv(records) : auditTable(records, next !== undefined);
}

/** In any case, and as kubectl takes it. */
function kindOf(stated: string): string {
  const word = stated.toLowerCase();
  const found = USER_KINDS.find(({ kind, plural, shortNames = [] }) =>
    [kind.toLowerCase(), plural, ...shortNames].includes(word),
  );
  if (found) return found.kind;
  throw new UserError(`--kind ${stated} must be one of ${USER_KINDS.map(({ kind }) => kind).join(', ')}.`);
}

function pageOf(text: string): AuditJson {
  try {
    // The history's own answer, of this build or a neighbour.
    const page = JSON.parse(text) as AuditJson;
    if (Array.isArray(page.records)) return page;
  } catch {
    // Said below.
  }
  throw new UserError('What answered is no history of Remora. Is --operator right?');
}
