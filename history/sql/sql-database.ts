/** What an engine is to the history: transactions of statements with `?` for their values, and the few things that engines do differently. */
import type { SqlRow, SqlValue } from '#history/columns';

export interface Sql {
  all(text: string, values?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
}

type Transaction = <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;

export interface SqlDatabase {
  /** What stands before the name of each table: `remora.`. */
  readonly prefix: string;
  /** Ends a query whose row nobody may change until the transaction is over. */
  readonly forShare: string;
  /** All of it or nothing, durable when it resolves. */
  readonly write: Transaction;
  /** One state of the data. */
  readonly read: Transaction;
  /** Makes room for rows of these months (first days). */
  prepareMonths(sql: Sql, months: readonly number[]): Promise<void>;
  /** Deletes some of the rows before a first day of a month: at most `most`, or a month at once where that costs no more. Resolves to how many, 0 when none is left. */
  deleteRowsBefore(sql: Sql, day: number, most: number): Promise<number>;
  close(): Promise<void>;
}

/** Engines take a bounded number of values per statement. */
const MOST_VALUES = 16_000;

/** Inserts any number of rows by few statements; `rest` follows the values. Resolves to what the statements return. */
export async function insertAll(
  sql: Sql,
  { into, columns, rest }: { readonly into: string; readonly columns: readonly string[]; readonly rest: string },
  rows: readonly (readonly SqlValue[])[],
): Promise<readonly SqlRow[]> {
  const atOnce = Math.floor(MOST_VALUES / columns.length);
  const tuple = `(${columns.map(() => '?').join(',')})`;
  const returned: SqlRow[] = [];
  for (let start = 0; start < rows.length; start += atOnce) {
    const some = rows.slice(start, start + atOnce);
    const tuples = some.map(() => tuple).join(',');
    const text = `INSERT INTO ${into} (${columns.join(',')}) VALUES ${tuples} ${rest}`;
    returned.push(...(await sql.all(text, some.flat())));
  }
  return returned;
}

/** `column IN (?,…)`. */
export const isOneOf = (column: string, count: number): string =>
  `${column} IN (${Array.from({ length: count }, () => '?').join(',')})`;
