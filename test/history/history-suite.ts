/** What every history promises, whatever it is made of. An engine joins by a line in histories.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { costPerSession, dearestTeam, type Question } from '#contract/history/questions';
import { costAt } from '#contract/history/rates';
import { type ReportQuery, reportQuery } from '#contract/history/report';
import type { Label, UsageRow } from '#contract/history/usage-row';
import type { Correction, HistoryStore, Retention, RowCursor } from '#history/history-store';
import { auditSuite } from './audit-suite.ts';
import type { PlaceFor, Promises } from './promises.ts';
import { anyRows, DAY_MS, NOW, rowOf, someRows, sumOf, sumsBy, withoutSessions } from './rows.ts';

const query = (asked: Partial<ReportQuery> = {}): ReportQuery =>
  reportQuery.parse({ from: '2026-01-01', to: '2027-01-01', ...asked });

export async function allRows(history: HistoryStore): Promise<UsageRow[]> {
  const rows: UsageRow[] = [];
  let after: RowCursor | undefined;
  do {
    const page = await history.rows({ fromMs: 0, toMs: NOW + 2 * DAY_MS }, after);
    rows.push(...page.rows);
    after = page.next;
  } while (after !== undefined);
  return rows;
}

/** What the history says of all there is equals the plain sum of these rows, by any labels. */
export async function assertSums(history: HistoryStore, rows: readonly UsageRow[]): Promise<void> {
  const bys: readonly Label[][] = [[], ['team'], ['namespace', 'model', 'outcome'], ['team', 'user']];
  for (const by of bys)
    for (const period of ['total', 'day', 'month'] as const) {
      const { groups, total } = await history.report(query({ by, period }));
      assert.deepEqual(withoutSessions(total), sumOf(rows), `${by} by ${period}`);
      if (period !== 'total') continue;
      const told = new Map(groups.map(({ labels, measures }) => [JSON.stringify(labels), withoutSessions(measures)]));
      assert.deepEqual(told, sumsBy(rows, by));
    }
}

const CORRECTION: Correction = {
  provider: 'shop/openai',
  model: 'gpt-5',
  fromMs: NOW - 90 * DAY_MS,
  toMs: NOW + DAY_MS,
  rates: { inputTokens: 1_250_000n, cacheReadTokens: 125_000n, outputTokens: 10_000_000n },
  priceVersion: 'corrected',
};

const corrected = (row: UsageRow): UsageRow =>
  row.provider === CORRECTION.provider && row.model === CORRECTION.model && row.billing !== 'nothing'
    ? { ...row, costNanoUsd: costAt(CORRECTION.rates, row), priceVersion: CORRECTION.priceVersion }
    : row;

/** Each test gets a place of its own. */
export function historySuite(name: string, placeFor: PlaceFor): void {
  const promise: Promises = (what, prove) => {
    test(`${name}: ${what}`, async (t) => {
      const place = await placeFor(t);
      if (place === undefined) return;
      const opened: HistoryStore[] = [];
      try {
        await prove((retention) => {
          const history = place.open(retention);
          opened.push(history);
          return history;
        }, t);
      } finally {
        await Promise.all(opened.map((history) => history.close()));
      }
    });
  };
  rowsAndSums(promise);
  reports(promise);
  questions(promise);
  corrections(promise);
  retention(promise);
  auditSuite(promise);
}

function rowsAndSums(promise: Promises): void {
  promise('rows come back as they went in, after it was opened anew, too', async (open) => {
    const first = open();
    const rows = someRows(40);
    assert.deepEqual(await first.append(rows, NOW), { added: rows.length, repeated: 0, bad: 0, late: 0 });
    await first.close();
    const byKey = (some: readonly UsageRow[]) => new Map(some.map((row) => [`${row.instance} ${row.seq}`, row]));
    assert.deepEqual(byKey(await allRows(open())), byKey(rows));
  });

  promise('each row counts once, in whatever order, batches and repetition it comes', async (open) => {
    const history = open();
    const known: UsageRow[] = [];
    let sequence = 0;
    const delivery = fc.tuple(anyRows(30), fc.infiniteStream(fc.nat()), fc.integer({ min: 1, max: 7 }));
    await fc.assert(
      fc.asyncProperty(delivery, async ([drawn, order, size]) => {
        const rows = drawn.map((row) => ({ ...row, seq: sequence++ }));
        known.push(...rows);
        const sent = [...rows, ...rows, ...known.slice(0, 5)]
          .map((row) => ({ row, at: order.next().value }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ row }) => row);
        const batches = Array.from({ length: Math.ceil(sent.length / size) }, (_, index) =>
          sent.slice(index * size, (index + 1) * size),
        );
        const told = await Promise.all(batches.map((batch) => history.append(batch, NOW)));
        assert.equal(
          told.reduce((sum, { added }) => sum + added, 0),
          rows.length,
        );
      }),
      { numRuns: 10 },
    );
    await assertSums(history, known);
  });

  promise('the same rows at the same time and in opposite orders hold up nobody', async (open) => {
    const history = open();
    for (let round = 0; round < 4; round += 1) {
      const rows = Array.from({ length: 400 }, (_, index) => rowOf({ seq: round * 400 + index, timeMs: NOW - index }));
      const told = await Promise.all([history.append(rows, NOW), history.append(rows.toReversed(), NOW)]);
      assert.equal((told[0]?.added ?? 0) + (told[1]?.added ?? 0), rows.length);
    }
  });

  promise('a bad row is counted and skipped, and holds up no other', async (open) => {
    const history = open();
    const late = rowOf({ seq: 9, timeMs: NOW + 2 * DAY_MS });
    const bad = [
      undefined,
      {},
      { ...rowOf(), costNanoUsd: 1.5 },
      { ...rowOf(), team: 'a\u0000b' },
      late,
      { ...rowOf(), more: 1 },
    ];
    const told = await history.append([...bad, rowOf({ seq: 2 })], NOW);
    assert.equal(told.added, 1);
    assert.equal(told.bad, bad.length);
    assert.match((await history.append([{ ...rowOf(), attempt: 0 }], NOW)).fault ?? '', /^attempt: /);
    assert.equal((await allRows(history)).length, 1);
  });

  promise('the dearest rows that there can be are summed to the last nano-dollar', async (open) => {
    const history = open();
    const rows = Array.from({ length: 200 }, (_, seq) => rowOf({ seq, costNanoUsd: 10n ** 14n - 1n }));
    await history.append(rows, NOW);
    const { total } = await history.report(query());
    assert.equal(total.costNanoUsd, 200n * (10n ** 14n - 1n));
  });
}

function reports(promise: Promises): void {
  promise('a report tells the dearest groups of each month, and the rest as one', async (open) => {
    const history = open();
    const spend = (seq: number, month: number, team: string, costNanoUsd: bigint): UsageRow =>
      rowOf({ seq, timeMs: Date.UTC(2026, month, 3), team, costNanoUsd });
    await history.append(
      [spend(1, 8, 'a', 5n), spend(2, 8, 'b', 7n), spend(3, 8, 'c', 1n), spend(4, 8, 'd', 2n), spend(5, 9, 'a', 9n)],
      NOW,
    );
    const { groups, total } = await history.report(query({ by: ['team'], period: 'month', top: 2 }));
    assert.deepEqual(
      groups.map(({ period, labels, groups: of, measures }) => [period, labels?.[0], of, measures.costNanoUsd]),
      [
        ['2026-09-01', 'b', 1, 7n],
        ['2026-09-01', 'a', 1, 5n],
        ['2026-09-01', undefined, 2, 3n],
        ['2026-10-01', 'a', 1, 9n],
      ],
    );
    assert.equal(total.costNanoUsd, 24n);
  });

  promise('a report is of the days asked for, the first with them and the last without', async (open) => {
    const history = open();
    const at = (seq: number, time: string): UsageRow => rowOf({ seq, timeMs: Date.parse(time), costNanoUsd: 1n });
    await history.append(
      [
        at(1, '2026-11-01T23:59:59.999Z'),
        at(2, '2026-11-02T00:00:00Z'),
        at(3, '2026-11-03T23:59:59.999Z'),
        at(4, '2026-11-04T00:00:00Z'),
      ],
      NOW,
    );
    for (const by of [[], ['user'], ['session']] as const) {
      const { total } = await history.report(query({ by: [...by], from: '2026-11-02', to: '2026-11-04' }));
      assert.equal(total.costNanoUsd, 2n, by.join());
    }
  });

  promise('whole months, and the days before and after them, are summed once each', async (open) => {
    const history = open();
    const rows = someRows(60).map((row) => ({ ...row, costNanoUsd: 1n }));
    await history.append(rows, NOW);
    const spans = [
      ['2026-09-13', '2026-11-21'],
      ['2026-09-30', '2026-12-01'],
      ['2026-10-01', '2026-11-02'],
      ['2026-10-02', '2026-11-01'],
      ['2026-10-31', '2026-11-01'],
    ] as const;
    for (const [from, to] of spans)
      for (const period of ['total', 'month', 'day'] as const) {
        const inside = rows.filter(({ timeMs }) => timeMs >= Date.parse(from) && timeMs < Date.parse(to));
        const { total } = await history.report(query({ from, to, by: ['team'], period }));
        assert.equal(total.attempts, BigInt(inside.length), `${from} to ${to} by ${period}`);
      }
  });

  promise('sums and rows tell the same', async (open) => {
    const history = open();
    const rows = someRows(60);
    await history.append(rows, NOW);
    const days = { from: '2026-11-01', to: '2026-12-01' };
    const sums = await history.report(query({ ...days, where: { team: ['payments'] } }));
    const looked = await history.report(query({ ...days, by: ['run'], where: { team: ['payments'] } }));
    assert.deepEqual([sums.source, looked.source], ['roll-up', 'rows']);
    assert.deepEqual(withoutSessions(looked.total), withoutSessions(sums.total));
  });

  promise('what no sums hold is asked of a month at most, and said so', async (open) => {
    await assert.rejects(open().report(query({ by: ['session'] })), { name: 'ReportImpossible', message: /31 days/ });
  });
}

function questions(promise: Promises): void {
  promise('which team spends most, and what a session costs, are one line each', async (open) => {
    const history = open();
    const days = { from: '2026-11-01', to: '2026-12-01' };
    const ask = async ({ query: asked, answer }: Question) => answer(await history.report(asked));
    assert.equal(
      await ask(dearestTeam('openai', days)),
      'Nobody spent anything on openai from 2026-11-01 until before 2026-12-01.',
    );
    await history.append(
      [
        rowOf({ seq: 1, session: 's1', costNanoUsd: 3_000_000n }),
        rowOf({ seq: 2, session: 's1', costNanoUsd: 1_000_000n }),
        rowOf({ seq: 3, session: 's2', costNanoUsd: 2_000_000n }),
        rowOf({ seq: 4, costNanoUsd: 4_000_000n }),
        rowOf({ seq: 5, team: 'growth', feature: 'x', session: 's1', costNanoUsd: 14_000_000n }),
        rowOf({ seq: 6, team: 'legal', providerName: 'anthropic', costNanoUsd: 70_000_000n }),
        rowOf({ seq: 7, team: 'legal', feature: 'x', costNanoUsd: null }),
      ],
      NOW,
    );
    assert.equal(
      await ask(dearestTeam('openai', days)),
      'growth spent $0.014 of $0.024 on openai from 2026-11-01 until before 2026-12-01: 58.33 %. The cost of 1 more attempts is not known.',
    );
    assert.equal(
      await ask(costPerSession('feature', 'chatbot', days)),
      'One session of chatbot costs $0.003: $0.006 for 2 sessions from 2026-11-01 until before 2026-12-01. $0.074 was spent there outside of any session: requests name theirs in x-remora-session.',
    );
  });

  promise('where most spending has no team the dearest team is told all the same, and what to label', async (open) => {
    const history = open();
    const days = { from: '2026-11-01', to: '2026-12-01' };
    const dearest = dearestTeam('openai', days);
    const ask = async ({ query: asked, answer }: Question) => answer(await history.report(asked));
    const label =
      'has no team: label its namespaces or pods remora.dev/team, which `remora report --by namespace,workload --where team=` names.';
    await history.append([rowOf({ seq: 1, team: '', costNanoUsd: 15_000_000n })], NOW);
    assert.equal(
      await ask(dearest),
      `No team is known to have spent any of $0.015 on openai from 2026-11-01 until before 2026-12-01. $0.015 (100 %) ${label}`,
    );
    assert.equal(
      await ask(costPerSession('feature', 'chatbot', days)),
      'No session of chatbot began from 2026-11-01 until before 2026-12-01. $0.015 was spent there outside of any session: requests name theirs in x-remora-session.',
    );
    const others = [
      rowOf({ seq: 2, costNanoUsd: 1_000_000n }),
      rowOf({ seq: 3, team: 'growth', costNanoUsd: 4_000_000n }),
    ];
    await history.append(others, NOW);
    assert.equal(
      await ask(dearest),
      `growth spent $0.004 of $0.02 on openai from 2026-11-01 until before 2026-12-01: 20 %. $0.015 (75 %) ${label}`,
    );
    const unlabelled = query({ ...days, by: ['namespace', 'workload'], where: { team: [''] } });
    assert.deepEqual((await history.report(unlabelled)).groups[0]?.labels, ['shop', 'web']);
  });
}

function corrections(promise: Promises): void {
  promise('a price that was wrong is put right in rows and sums, and asking again changes nothing', async (open) => {
    const history = open();
    const rows = someRows(80);
    await history.append(rows, NOW);
    const right = rows.map(corrected);
    const told = await history.rerate(CORRECTION);
    assert.ok(told.rows > 0);
    assert.equal(told.differenceNanoUsd, sumOf(right).costNanoUsd - sumOf(rows).costNanoUsd);
    await assertSums(history, right);
    assert.deepEqual(await history.rerate(CORRECTION), { rows: 0, differenceNanoUsd: 0n });
    await history.append(rows, NOW);
    await assertSums(history, right);
  });

  promise('corrections in several steps meet rows that are written meanwhile, and each other', async (open) => {
    const history = open();
    const rows = Array.from({ length: 5_500 }, (_, seq) => rowOf({ seq, timeMs: NOW - seq }));
    await history.append(rows.slice(0, 5_000), NOW);
    const told = await Promise.all([
      history.rerate(CORRECTION),
      history.rerate(CORRECTION),
      history.append(rows.slice(5_000), NOW),
    ]);
    assert.ok(told[0].rows + told[1].rows >= 5_000);
    await history.rerate(CORRECTION);
    await assertSums(history, rows.map(corrected));
  });
}

const SHORT: Retention = { rowDays: 40, userDays: 10, reportDays: 60, auditDays: 20 };

function retention(promise: Promises): void {
  promise('what is older than it need be kept goes, and comes not back when it is sent again', async (open) => {
    const history = open(SHORT);
    const [old, middle, young] = [100, 35, 1].map((days, seq) =>
      rowOf({ seq, timeMs: NOW - days * DAY_MS, user: `user-${days}`, session: `s${days}` }),
    ) as [UsageRow, UsageRow, UsageRow];
    await history.append([old, middle, young], NOW);
    assert.ok((await history.prune(NOW)) > 0);
    assert.deepEqual(
      (await allRows(history)).map(({ seq }) => seq),
      [1, 2],
    );
    const sums = await history.report(query());
    assert.equal(sums.total.attempts, 2n);
    assert.equal(sums.keptFrom, '2026-09-01');
    const users = await history.report(query({ by: ['user'] }));
    assert.deepEqual(
      users.groups.map(({ labels }) => labels),
      [['user-1']],
    );
    assert.deepEqual(await history.append([old, middle, young], NOW), { added: 0, repeated: 2, bad: 0, late: 1 });
    assert.equal((await history.report(query())).total.attempts, 2n);
    assert.equal(await history.prune(NOW), 0);
  });

  promise('more rows than one step deletes are deleted', async (open) => {
    const history = open(SHORT);
    const rows = Array.from({ length: 12_000 }, (_, seq) => rowOf({ seq, timeMs: NOW - 100 * DAY_MS - seq }));
    await history.append([...rows, rowOf({ seq: 99_999 })], NOW);
    await history.prune(NOW);
    assert.equal((await allRows(history)).length, 1);
  });
}
