import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importCycles } from './import-cycles.ts';

const cycles = (graph: Record<string, string[]>) => importCycles(new Map(Object.entries(graph)));

test('a graph without circles has none, however often its paths meet', () => {
  assert.deepEqual(cycles({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }), []);
  assert.deepEqual(cycles({}), []);
});

test('a circle is told from its first file by name, without what only leads into it or out of it', () => {
  assert.deepEqual(cycles({ entry: ['b'], a: ['c', 'leaf'], b: ['a'], c: ['b'], leaf: [] }), [['a', 'c', 'b']]);
});

test('circles apart from each other are each found, and a file that imports itself is one', () => {
  assert.deepEqual(cycles({ a: ['b'], b: ['a'], c: ['d'], d: ['c', 'a'], e: ['e'] }), [['a', 'b'], ['c', 'd'], ['e']]);
});

test('an import of what is not in the graph leads nowhere', () => {
  assert.deepEqual(cycles({ a: ['package'], b: ['a', 'generated'] }), []);
});
