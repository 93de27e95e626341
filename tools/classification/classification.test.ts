/** What the classifier promises on requests that it was not fitted to. Thresholds are below what was measured, and never raised by looking at the frozen requests. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { measure } from './evaluate.ts';
import { WEIGHTS_FILE, weightsFile } from './fit.ts';
import { featured, fitWeights } from './fit-weights.ts';
import { readLabelled } from './labelled.ts';
import { atMost, classificationPage, macroOfText, PAGE } from './page.ts';

const ALL = readLabelled();
const FROZEN = ALL.filter(({ isFrozen }) => isFrozen);
const DEVELOPMENT = ALL.filter(({ isFrozen }) => !isFrozen);

test('there are enough labelled requests, each with an id of its own, of every class on both sides', () => {
  assert.ok(ALL.length >= 320);
  assert.equal(new Set(ALL.map(({ id }) => id)).size, ALL.length);
  assert.ok(FROZEN.length >= 100);
  for (const some of [FROZEN, DEVELOPMENT]) {
    assert.equal(new Set(some.map(({ task }) => task)).size, 8);
    assert.ok(some.filter(({ complexity }) => complexity === 'Complex').length >= 40);
  }
});

test('of frozen requests the task is found with a macro-F1 of 0.70 or more, of each task with 0.60', () => {
  const { task } = measure(FROZEN);
  assert.ok(macroOfText(task) >= 0.7, `macro-F1 ${macroOfText(task)}`);
  for (const { name, f1 } of task.scores) assert.ok(f1 >= 0.6, `${name} ${f1}`);
});

test('of frozen requests that are complex at most 2 per cent are taken for simple, and half of the simple ones are found', () => {
  const { complexity, complexTakenForSimple } = measure(FROZEN);
  assert.ok(complexTakenForSimple.count / complexTakenForSimple.of <= 0.02);
  assert.ok(complexity.macroF1 >= 0.7, `macro-F1 ${complexity.macroF1}`);
  const simple = complexity.scores.find(({ name }) => name === 'Simple');
  assert.ok(simple && simple.right / simple.labelled >= 0.5, 'calling nothing simple would keep the promise too');
});

test('the weights are those that fitting gives, and fitting does not read the frozen requests', () => {
  assert.equal(readFileSync(WEIGHTS_FILE, 'utf8'), weightsFile(fitWeights(featured(DEVELOPMENT))));
});

test('the page of figures says what is measured', () => {
  assert.equal(readFileSync(PAGE, 'utf8'), classificationPage());
});

test('the upper bound of a share is that of Wilson', () => {
  assert.equal(atMost(0, 42).toFixed(4), '0.0838');
  assert.equal(atMost(5, 10).toFixed(4), '0.7634');
});
