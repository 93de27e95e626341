/** The history in PostgreSQL 15 or newer: rows in a partition for each month, so that old ones are dropped and not searched for. */
import type { HistoryKind } from '#history/history-kind';
import { SqlHistory } from '#history/sql/sql-history';
import { PostgresDatabase } from './postgres-database.ts';

export const POSTGRES_HISTORY: HistoryKind = {
  form: 'postgres://<user>:<password>@<host>/<database>',
  pattern: /^postgres(ql)?:\/\/.+$/,
  shared: true,
  open: (url, { retention }) => new SqlHistory(new PostgresDatabase(url), retention),
};
