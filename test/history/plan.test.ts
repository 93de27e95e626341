/** How engines answer reports of 100,000 rows: from the sums, by their index, and never from the rows. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ReportQuery, reportQuery } from '#contract/history/report';
import type { UsageRow } from '#contract/history/usage-row';
import { RETENTION } from '#history/history-store';
import { PostgresDatabase } from '#history/postgres/postgres-database';
import { planReport } from '#history/sql/plan-report';
import type { SqlDatabase } from '#history/sql/sql-database';
import { SqlHistory } from '#history/sql/sql-history';
import { SqliteDatabase } from '#history/sqlite/sqlite-database';
import { postgres } from '#test/support/postgres';
import { DAY_MS, NOW, rowOf, sumOf, withoutSessions } from './rows.ts';

const ROWS = 100_000;
const AT_ONCE = 5_000;

/** A year of them day by day, of twenty teams with three models each. */
const row = (seq: number): UsageRow =>
  rowOf({
    seq,
    timeMs: NOW - Math.floor(seq / 274) * DAY_MS,
    team: `team-${seq % 20}`,
    model: `model-${seq % 3}`,
    user: `user-${seq % 100}`,
    costNanoUsd: BigInt(seq),
  });

/** What a year costs, by month, team and model; some days of a month; months with days before and after them; and a month by user. */
const QUERIES: readonly ReportQuery[] = [
  { from: '2025-12-01', to: '2026-12-01', by: ['team', 'model'], period: 'month' },
  { from: '2026-03-01', to: '2026-04-01', by: ['team'], period: 'day', where: { providerName: ['openai'] } },
  { from: '2026-03-20', to: '2026-07-11', by: ['team', 'outcome'] },
  { from: '2026-03-07', to: '2026-04-02', by: ['user'] },
].map((asked) => reportQuery.parse(asked));

async function plansOf(db: SqlDatabase, explain: string, prepare: string): Promise<string[]> {
  const history = new SqlHistory(db, RETENTION);
  for (let start = 0; start < ROWS; start += AT_ONCE) {
    const rows = Array.from({ length: AT_ONCE }, (_, index) => row(start + index));
    assert.equal((await history.append(rows, NOW)).added, AT_ONCE);
  }
  const { total } = await history.report(reportQuery.parse({ from: '2025-01-01', to: '2027-01-01', by: ['team'] }));
  assert.deepEqual(withoutSessions(total), sumOf(Array.from({ length: ROWS }, (_, seq) => row(seq))));
  return db.write(async (sql) => {
    await sql.all(prepare);
    const plans: string[] = [];
    for (const query of QUERIES) {
      const { text, values } = planReport(query, db.prefix);
      plans.push(
        (await sql.all(`${explain} ${text}`, values))
          .map((line) => Object.values(line).map(String).join(' '))
          .join('\n'),
      );
    }
    return plans;
  });
}

function assertPlans(plans: readonly string[], index: RegExp): void {
  assert.equal(plans.length, QUERIES.length);
  for (const plan of plans) {
    assert.match(plan, index);
    assert.doesNotMatch(plan, /usage_row|SCAN roll_up|Seq Scan on roll_up/);
  }
}

test('SQLite answers reports from the sums, by their index', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-history-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const db = await SqliteDatabase.open({ file: join(folder, 'history.db'), readOnly: false, maxBytes: 2 ** 30 });
  t.after(() => db.close());
  assertPlans(
    await plansOf(db, 'EXPLAIN QUERY PLAN', 'ANALYZE'),
    /SEARCH roll_up USING PRIMARY KEY \(grain=\? AND bucket>\? AND bucket<\?\)/,
  );
});

test('PostgreSQL answers reports from the sums, by their index', async (t: TestContext) => {
  const url = await (await postgres(t))?.createDatabase();
  if (url === undefined) return;
  const db = new PostgresDatabase(url);
  t.after(() => db.close());
  assertPlans(
    await plansOf(db, 'EXPLAIN', 'ANALYZE remora.roll_up, remora.series'),
    /on roll_up_pkey|using roll_up_pkey/,
  );
});
