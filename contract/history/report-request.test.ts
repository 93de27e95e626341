import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUESTIONS, reportQueryOf, thisMonth } from './report-request.ts';
import { RequestFault } from './request-fault.ts';
import { decodeRow, encodeRow } from './row-json.ts';

const NOW = Date.UTC(2026, 11, 31, 23, 59);
const asked = (text: string) => reportQueryOf(new URLSearchParams(text), NOW);

test('a report that names no days is one of this month, by UTC, over the turn of the year too', () => {
  assert.deepEqual(thisMonth(NOW), { from: '2026-12-01', to: '2027-01-01' });
  const { from, to, by, period } = asked('');
  assert.deepEqual([from, to, by, period], ['2026-12-01', '2027-01-01', [], 'total']);
});

test('labels, times and conditions are read from a URL, and one label may have several values', () => {
  assert.deepEqual(
    asked('by=team,model&period=month&from=2026-01-01&to=2026-12-01&where=team=a&where=team=b=c&where=model=&top=5'),
    {
      ...{ by: ['team', 'model'], period: 'month', from: '2026-01-01', to: '2026-12-01', top: 5 },
      where: { team: ['a', 'b=c'], model: [''] },
    },
  );
});

test('what is wrong with a question is said by the name of its parameter', () => {
  const cases: readonly (readonly [text: string, start: string])[] = [
    ['by=colour', 'by.0: '],
    ['period=week', 'period: '],
    ['from=yesterday', 'from: must be a date'],
    ['from=2027-01-01&to=2026-01-01', 'to: must be later'],
    ['where=team', 'where: must be label=value'],
    ['where=__proto__=a', 'where: there is no label __proto__'],
    ['top=many', 'top: '],
    ['sort=cost', 'sort is not known here'],
  ];
  for (const [text, start] of cases)
    assert.throws(
      () => asked(text),
      (error) => error instanceof RequestFault && error.message.startsWith(start),
      text,
    );
  const question = (name: string, text: string) => () => QUESTIONS[name]?.(new URLSearchParams(text), NOW);
  assert.throws(question('dearest-team', ''), { message: 'provider: must be named' });
  assert.throws(question('per-session', ''), { message: 'one of feature, workload, project, team must be named' });
  assert.throws(question('per-session', 'team=a&feature=b'), { name: 'RequestFault' });
  assert.throws(question('per-session', 'team=a&from=2026-13-01'), { name: 'RequestFault' });
});

test('amounts of a row survive JSON, and what is no row is left as it is', () => {
  const row = { seq: 1, costNanoUsd: 90_071_992_547_409_931n };
  assert.deepEqual(decodeRow(encodeRow(row)), row);
  assert.deepEqual(decodeRow('{"costNanoUsd":null}'), { costNanoUsd: null });
  assert.deepEqual(decodeRow('{"costNanoUsd":"-1"}'), { costNanoUsd: '-1' });
  assert.deepEqual(decodeRow('[1]'), [1]);
  assert.equal(decodeRow('{'), undefined);
});
