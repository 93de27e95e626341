import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentOf, reportCsv, reportJson } from './render-report.ts';
import { addMeasures, NO_MEASURES, type ReportAnswer, reportQuery } from './report.ts';

const cost = (costNanoUsd: bigint) => ({ ...NO_MEASURES, costNanoUsd, attempts: 1n });

const ANSWER: ReportAnswer = {
  by: ['team', 'user'],
  source: 'roll-up',
  keptFrom: '',
  groups: [
    { period: '2026-11-01', labels: ['a "quoted", team', '=HYPERLINK(1)'], groups: 1, measures: cost(2_000_000_001n) },
    { period: '2026-11-01', labels: undefined, groups: 3, measures: cost(1_000_000_000n) },
  ],
  total: addMeasures(cost(2_000_000_001n), cost(1_000_000_000n)),
};

test('a report as CSV quotes what has quotes and commas, hides formulas from spreadsheets and ends its lines as RFC 4180 says', () => {
  const lines = reportCsv(ANSWER).split('\r\n');
  assert.match(lines[0] ?? '', /^period,team,user,costUsd,requests,attempts,/);
  assert.match(lines[1] ?? '', /^2026-11-01,"a ""quoted"", team",'=HYPERLINK\(1\),2\.000000001,0,1,.*,66\.66$/);
  assert.match(lines[2] ?? '', /^2026-11-01,\(others\),,1\.00,.*,33\.33$/);
  assert.deepEqual(lines.slice(3), ['']);
  assert.equal(new Set(lines.slice(1, 3).map((line) => line.replace(/".*"/, '').split(',').length)).size, 1);
});

test('a report as JSON has its labels by name, and money as exact decimals', () => {
  const { from, groups, total } = JSON.parse(reportJson(ANSWER, { from: '2026-11-01', to: '2026-12-01' }));
  assert.equal(from, '2026-11-01');
  assert.deepEqual(groups[0].labels, { team: 'a "quoted", team', user: '=HYPERLINK(1)' });
  assert.equal(groups[1].labels, undefined);
  assert.deepEqual([groups[0].costUsd, groups[1].groups, total.costUsd], ['2.000000001', 3, '3.000000001']);
});

test('a share of nothing is 0', () => {
  assert.deepEqual([percentOf(0n, 0n), percentOf(1n, 3n), percentOf(3n, 3n)], [0, 33.33, 100]);
});

test('a query that asks for what is no label, or for a time that ends before it begins, is refused', () => {
  const asked = { from: '2026-11-01', to: '2026-12-01' };
  for (const wrong of [
    { by: ['cost'] },
    { by: ['team', 'team'] },
    { to: '2026-11-01' },
    { from: '2026-02-30' },
    { where: { 'team; --': ['a'] } },
  ])
    assert.equal(reportQuery.safeParse({ ...asked, ...wrong }).success, false, JSON.stringify(wrong));
});
