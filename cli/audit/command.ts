/** `remora audit` and what it may be told. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { type HistoryFlags, withHistory } from '#cli/report/history-flags';
import type { Terminal } from '#cli/terminal';
import { AUDIT_ACTIONS } from '#contract/history/audit-actions';

const WHEN = 'a day or time in UTC, or so long ago: 2026-11-01, 2026-11-01T12:00:00Z, 12h, 7d';
const DEFAULT_RECORDS = 100;
const MOST_RECORDS = 100_000;

export function auditCommand({ out }: Terminal): Command {
  const command = new Command('audit')
    .description('Show who changed what, from what to what, the newest first.')
    .option('--kind <kind>', 'only this kind, such as AIBudget')
    .option('-n, --namespace <name>', 'only objects of this namespace')
    .option('--name <name>', 'only objects of this name')
    .option('--actor <name>', 'only what this user did, as the API server knows them; "" where nobody is known')
    .addOption(new Option('--action <action>', 'only this').choices(AUDIT_ACTIONS))
    .option('--since <when>', WHEN)
    .option('--until <when>', 'the time before which; as --since')
    .option('--limit <count>', 'how many records at most', limitOf, DEFAULT_RECORDS)
    .addOption(new Option('--format <format>', 'output format').choices(['table', 'csv', 'json']).default('table'))
    .addHelpText('after', '\nWho raised a budget last week: remora audit --kind AIBudget --name caps --since 7d');
  return withHistory(command).action(async (flags: AuditFlags) => {
    const { audit } = await import('./audit.ts');
    out(await audit(flags));
  });
}

export interface AuditFlags extends HistoryFlags {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
  readonly format: string;
}

function limitOf(text: string): number {
  const count = Number(text);
  if (/^[0-9]{1,6}$/.test(text) && count >= 1 && count <= MOST_RECORDS) return count;
  throw new InvalidArgumentError(`A number from 1 to ${MOST_RECORDS}.`);
}
