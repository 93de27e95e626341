import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from './table.ts';

test('table() aligns columns by characters, shows a gap as a dash and pads no line end', () => {
  const text = table(
    ['NAME', 'STATE', 'WHY'],
    [
      ['a', 'SYNCED', ''],
      ['longer-näme😀', '', 'because'],
    ],
  );
  assert.equal(
    text,
    ['NAME           STATE    WHY', 'a              SYNCED   -', 'longer-näme😀   -        because', ''].join('\n'),
  );
});
