/** Where a process keeps the history of usage, as its environment says. */
import { OPERATOR_ENV } from '#contract/names/operator-env';
import { HISTORIES, historyKind } from '#history/histories';
import { RETENTION } from '#history/history-store';
import type { Backups } from '#history/upkeep';

export type HistoryConfig =
  /** `url` may hold a password. */
  | { readonly url: string; readonly backups: Backups | undefined; readonly auditDays: number }
  /** Another process keeps it, at `https://host:port`. */
  | { readonly keeper: string; readonly tokenFile: string };

const NONE = 'none:';
const KEEPER = /^https:\/\/[^\s/@]+$/;
const KEEP_BACKUPS = 7;
const MAX_AUDIT_DAYS = 36_500;

/** Throws Error with a sentence that never has the URL in it. */
export function historyConfigOf(text: (name: string) => string | undefined, inPod: boolean): HistoryConfig | undefined {
  const url = text(OPERATOR_ENV.history) ?? NONE;
  if (url === NONE) return undefined;
  if (KEEPER.test(url)) return { keeper: url, tokenFile: tokenFileOf(text) };
  const kind = historyKind(url);
  if (kind === undefined)
    throw new Error(
      `${OPERATOR_ENV.history} must be ${[...HISTORIES.map(({ form }) => form), 'https://<host>:<port>', NONE].join(' or ')}.`,
    );
  if (inPod && !kind.shared)
    throw new Error(
      `${OPERATOR_ENV.history} may be ${kind.form} only in the one process that keeps the file, since replicas cannot share it; ` +
        'give replicas the https:// address of that process, or PostgreSQL.',
    );
  return { url, backups: backupsOf(text), auditDays: auditDaysOf(text) };
}

function auditDaysOf(text: (name: string) => string | undefined): number {
  const stated = text(OPERATOR_ENV.historyAuditDays) ?? String(RETENTION.auditDays);
  const days = /^[0-9]{1,5}$/.test(stated) ? Number(stated) : 0;
  if (days >= 1 && days <= MAX_AUDIT_DAYS) return days;
  throw new Error(
    `${OPERATOR_ENV.historyAuditDays} must be a number of days from 1 to ${MAX_AUDIT_DAYS}, not "${stated}".`,
  );
}

function tokenFileOf(text: (name: string) => string | undefined): string {
  const file = text(OPERATOR_ENV.historyTokenFile);
  if (file !== undefined) return file;
  throw new Error(
    `${OPERATOR_ENV.historyTokenFile} must name the file of a token, since another process keeps the history.`,
  );
}

function backupsOf(text: (name: string) => string | undefined): Backups | undefined {
  const folder = text(OPERATOR_ENV.historyBackupFolder);
  const keep = text(OPERATOR_ENV.historyBackupKeep) ?? String(KEEP_BACKUPS);
  if (!/^[1-9][0-9]{0,2}$/.test(keep))
    throw new Error(`${OPERATOR_ENV.historyBackupKeep} must be a number from 1 to 999, not "${keep}".`);
  return folder === undefined ? undefined : { folder, keep: Number(keep) };
}
