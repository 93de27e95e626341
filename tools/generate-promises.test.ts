import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promises, requireProofs, titlesIn } from './generate-promises.ts';
import type { PromiseRow } from './promises.ts';

const SOURCE = [
  "test('it holds', () => {});",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a test
  'for (const row of rows)\n  test(\n    `it holds for ${row.name} and ${list({ a: 1 })}`, async (t) => {});',
  'journey("it does not", async () => {});',
  "// test it('never')",
].join('\n');

const row = (file: string, title: string): PromiseRow => ({
  promise: 'All is well',
  bound: '',
  proofs: [{ file, title }],
});
const read = (file: string): string | undefined => (file === 'a.test.ts' ? SOURCE : undefined);

test('titles of tests and journeys are found as they are written, with what data gives them as …', () => {
  assert.deepEqual(titlesIn(SOURCE), ['it holds', 'it holds for … and …', 'it does not']);
});

test('a promise whose test is not there, or that has none, is told by name', () => {
  requireProofs([row('a.test.ts', 'it holds'), row('a.test.ts', 'it holds for … and …')], read);
  assert.throws(
    () => requireProofs([row('a.test.ts', 'it held')], read),
    /a\.test\.ts has no test "it held", .*All is well/,
  );
  assert.throws(() => requireProofs([row('b.test.ts', 'it holds')], read), /b\.test\.ts does not exist, .*All is well/);
  assert.throws(() => requireProofs([{ ...row('a.test.ts', ''), proofs: [] }], read), /nothing proves: All is well/);
});

test('every promise of this repository has tests that prove it', () => {
  assert.match(promises(), /## Promises/);
});
