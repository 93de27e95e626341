/** The engines of history; the URL says which. An engine is its folder and its line here. */
import type { HistoryKind, HistoryOptions } from './history-kind.ts';
import { type HistoryStore, RETENTION } from './history-store.ts';
import { POSTGRES_HISTORY } from './postgres/postgres-history.ts';
import { SQLITE_HISTORY } from './sqlite/sqlite-history.ts';

export const HISTORIES: readonly HistoryKind[] = [SQLITE_HISTORY, POSTGRES_HISTORY];

/** undefined: there is no such engine. */
export const historyKind = (url: string): HistoryKind | undefined => HISTORIES.find(({ pattern }) => pattern.test(url));

/** Throws Error with a sentence that names the known ones; never the URL, which may hold a password. */
export function openHistory(url: string, options: HistoryOptions = { retention: RETENTION }): HistoryStore {
  const kind = historyKind(url);
  if (kind) return kind.open(url, options);
  throw new Error(`A history must be ${HISTORIES.map(({ form }) => form).join(' or ')}.`);
}
