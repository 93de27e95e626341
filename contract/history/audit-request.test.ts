import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditQueryOf, cursorText } from './audit-request.ts';
import { auditCsv, changeText } from './render-audit.ts';
import { RequestFault } from './request-fault.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const asked = (text: string) => auditQueryOf(new URLSearchParams(text), NOW);

test('what is not stated binds nothing, and times are days, instants or so long ago', () => {
  assert.deepEqual(asked(''), { limit: 100, sinceMs: 0, untilMs: NOW + 86_400_000 });
  assert.deepEqual(asked('kind=AIBudget&actor=&since=7d&until=2026-11-22T10:00:00%2B02:00&limit=5'), {
    ...{ kind: 'AIBudget', actor: '', limit: 5 },
    ...{ sinceMs: NOW - 7 * 86_400_000, untilMs: Date.UTC(2026, 10, 22, 8) },
  });
  assert.equal(asked('since=2026-11-01').sinceMs, Date.UTC(2026, 10, 1));
  const cursor = { timeMs: NOW, id: 'a~b 3' };
  assert.deepEqual(asked(`before=${encodeURIComponent(cursorText(cursor))}`).before, cursor);
});

test('what is wrong with a question is said by the name of its parameter', () => {
  const cases = [
    ['since=yesterday', 'since: must be'],
    ['since=2026-13-01', 'since: must be'],
    ['since=1d&until=2d', 'until: must be later'],
    ['limit=0', 'limit: '],
    ['limit=1001', 'limit: '],
    ['action=burned', 'action: '],
    ['before=here', 'before: must be'],
    ['user=ann', 'user is not known here'],
  ] as const;
  for (const [text, start] of cases)
    assert.throws(
      () => asked(text),
      (error) => error instanceof RequestFault && error.message.startsWith(start),
      text,
    );
});

test('CSV has a line per record, and nothing in it is a formula', () => {
  const csv = auditCsv([
    {
      ...{ time: '2026-11-22T12:00:00.000Z', actor: '=1+1', action: 'changed', kind: 'AIBudget', namespace: 'shop' },
      ...{ name: 'caps', uid: 'u1', generation: 3, fromGeneration: 2, omitted: 0, outcome: '@x' },
      changes: [{ path: '/spec/stopReason', to: '"a, \\"b\\""' }],
    },
  ]);
  const [, line] = csv.split('\r\n');
  assert.equal(
    line,
    `2026-11-22T12:00:00.000Z,'=1+1,changed,AIBudget,shop,caps,u1,3,2,"/spec/stopReason: none -> ""a, \\""b\\""""",0,'@x`,
  );
  assert.equal(changeText({ path: '/spec/stop', from: 'false', to: 'true' }), '/spec/stop: false -> true');
});
