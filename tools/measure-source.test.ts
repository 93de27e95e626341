import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureSource } from './measure-source.ts';

const measure = (text: string) => measureSource({ path: 'a.ts', text });
const functions = (text: string) => measure(text).functions.map(({ line, name, lines }) => `${line} ${name} ${lines}`);

test('a function with a block is measured from its first to its last line, under the name that its reader knows', () => {
  assert.deepEqual(functions('\nexport async function load() {\n  return 1;\n}\n'), ['2 load 3']);
  assert.deepEqual(functions('const sum = (a: number) => {\n  return a;\n};\n'), ['1 sum 3']);
  assert.deepEqual(functions('const o = {\n  start: () => {},\n  step() {\n  },\n};\n'), ['2 start 1', '3 step 2']);
  assert.deepEqual(functions('let later;\nlater = function () {\n};\n'), ['2 later 2']);
});

test('methods, accessors and function fields carry the name of their class', () => {
  const text = 'class Door {\n  constructor() {}\n  get #open() {\n    return 1;\n  }\n  close = () => {};\n}\n';
  assert.deepEqual(functions(text), ['2 Door.constructor 1', '3 Door.#open 3', '6 Door.close 1']);
});

test('a callback is named by what it is given to, and counts beside the function around it', () => {
  assert.deepEqual(functions("function all() {\n  socket.on('data', () => {\n  });\n}\n"), [
    '1 all 4',
    '2 socket.on(…) 2',
  ]);
  assert.deepEqual(functions('new Promise((done) => {\n});\n'), ['1 Promise(…) 2']);
});

test('functions without a block, and signatures without a body, are not measured', () => {
  assert.deepEqual(functions('const id = (a: number) =>\n  a;\ndeclare function far(): void;\n'), []);
  assert.deepEqual(functions('abstract class Shape {\n  abstract area(): number;\n}\n'), []);
});

test('lines are counted right behind characters that are longer in UTF-8', () => {
  assert.deepEqual(functions("const cut = '…→🙂';\nfunction after() {\n}\n"), ['2 after 2']);
});

test('the step of an object with start and step is found, also where the object only names it', () => {
  const inline = measure('export const decoder = {\n  start: () => 0,\n  step(state) {\n    return state;\n  },\n};\n');
  assert.deepEqual(inline.steps, [{ path: 'a.ts', line: 3, name: 'step', lines: 3 }]);
  const named = measure('export const decoder = { start, step: next };\nfunction next() {\n  return 1;\n}\n');
  assert.deepEqual(named.steps, [{ path: 'a.ts', line: 2, name: 'next', lines: 3 }]);
  assert.deepEqual(measure('const walk = { step() {} };\n').steps, []);
});

test('imports of values and of types are told apart; lazy ones and exports from elsewhere are imports', () => {
  const text = `
    import type { A } from './type.ts';
    import { type B } from './kept.ts';
    import './effect.ts';
    export * from './all.ts';
    export type { C } from './type-again.ts';
    export const own = 1;
    const lazy = () => import('#sidecar/lazy');
    const unknown = (name: string) => import(name);
  `;
  assert.deepEqual(
    measure(text).imports.map(({ specifier, isType }) => `${specifier} ${isType}`),
    [
      './type.ts true',
      './kept.ts false',
      './effect.ts false',
      './all.ts false',
      './type-again.ts true',
      '#sidecar/lazy false',
    ],
  );
});

test('the type any is found wherever it hides, the word is not', () => {
  const text = "const any = 'any';\nconst a: any = 1;\ntype M = Map<string, any[]>;\nconst b = a as any; // any\n";
  assert.deepEqual(
    measure(text).anys.map(({ line }) => line),
    [2, 3, 4],
  );
});

test('a file that does not parse is an error that names it', () => {
  assert.throws(() => measure('const = ;'), /^Error: a\.ts does not parse: /);
});
