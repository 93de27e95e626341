/** The tables of the history, as numbered migrations: one that was released is never changed, a new one is added. */
import { columnOf, MEASURE_COLUMNS, ROW_DEFINITION, SERIES_COLUMNS } from '#history/columns';

export interface Engine {
  readonly prefix: string;
  /** Ends the definition of a table that is nothing but its primary key. */
  readonly keyed: string;
  /** Ends that of the rows. */
  readonly rows: string;
}

/** Labels that came with a later step. */
const LATER: ReadonlySet<string> = new Set(['key']);
const FIRST_SERIES_COLUMNS = SERIES_COLUMNS.filter((label) => !LATER.has(label));

/** In order; the number of each is its place, counted from 1. `settings` holds days and locks by name. */
export const migrations = ({ prefix, keyed, rows }: Engine): readonly string[] => [
  `CREATE TABLE ${prefix}setting (name text PRIMARY KEY, value bigint NOT NULL) ${keyed};
INSERT INTO ${prefix}setting VALUES ('rows', 0), ('users', 0), ('reports', 0), ('corrections', 0);
CREATE TABLE ${prefix}series (
  id bigint PRIMARY KEY,
  grain bigint NOT NULL,
  last_day bigint NOT NULL,
  ${FIRST_SERIES_COLUMNS.map((label) => `${columnOf(label)} text NOT NULL`).join(',\n  ')}
) ${keyed};
CREATE INDEX series_last_day ON ${prefix}series (grain, last_day);
CREATE TABLE ${prefix}usage_row (
  ${ROW_DEFINITION},
  PRIMARY KEY (time_ms, instance, seq)
) ${rows};
CREATE TABLE ${prefix}roll_up (
  grain bigint NOT NULL,
  bucket bigint NOT NULL,
  series bigint NOT NULL,
  month bigint NOT NULL,
  ${MEASURE_COLUMNS.map((column) => `${column} bigint NOT NULL`).join(',\n  ')},
  PRIMARY KEY (grain, bucket, series)
) ${keyed};
CREATE TABLE ${prefix}seen_session (id bigint PRIMARY KEY, first_day bigint NOT NULL) ${keyed};
CREATE INDEX seen_session_first_day ON ${prefix}seen_session (first_day);`,
  // Of changes: what is known of each object, one row per version, and who asked for which version.
  `INSERT INTO ${prefix}setting VALUES ('audit', 0);
CREATE TABLE ${prefix}audit_state (
  uid text PRIMARY KEY,
  cluster text NOT NULL,
  kind text NOT NULL,
  namespace text NOT NULL,
  name text NOT NULL,
  generation bigint NOT NULL,
  digest text NOT NULL,
  spec text NOT NULL,
  is_gone bigint NOT NULL,
  time_ms bigint NOT NULL
);
CREATE INDEX audit_state_cluster ON ${prefix}audit_state (cluster, is_gone, uid);
CREATE TABLE ${prefix}audit_record (
  id text PRIMARY KEY,
  time_ms bigint NOT NULL,
  match_ms bigint NOT NULL,
  version text NOT NULL,
  cluster text NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  kind text NOT NULL,
  namespace text NOT NULL,
  name text NOT NULL,
  uid text NOT NULL,
  generation bigint,
  from_generation bigint,
  changes text NOT NULL,
  omitted bigint NOT NULL,
  outcome text NOT NULL
);
CREATE INDEX audit_record_time ON ${prefix}audit_record (time_ms, id);
CREATE INDEX audit_record_name ON ${prefix}audit_record (namespace, name, time_ms);
CREATE INDEX audit_record_version ON ${prefix}audit_record (version);
CREATE TABLE ${prefix}audit_actor (
  version text NOT NULL,
  actor text NOT NULL,
  time_ms bigint NOT NULL,
  PRIMARY KEY (version, actor)
) ${keyed};
CREATE INDEX audit_actor_time ON ${prefix}audit_actor (time_ms);`,
  `ALTER TABLE ${prefix}series ADD COLUMN ai_key text NOT NULL DEFAULT '';`,
];
