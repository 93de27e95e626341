import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from './printable.ts';

test('printable() keeps text on its line and leaves a terminal alone', () => {
  assert.equal(printable('a\n  b\t\u001b[31mc\u0007\u009b2J é 漢'), 'a   b ?[31mc??2J é 漢');
});
