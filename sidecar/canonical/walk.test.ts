import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Sliced } from './slice.ts';
import { filterEach, flatMapEach, foldEach, mapEach, once, resting, visitEach, within } from './walk.ts';

function drive<T>(work: Sliced<T>): { readonly result: T; readonly rests: number } {
  for (let rests = 0; ; rests += 1) {
    const step = work.next();
    if (step.done === true) return { result: step.value, rests };
  }
}

interface Tree {
  readonly name: string;
  readonly children: readonly Tree[];
}

const TREE = fc.letrec<{ tree: Tree }>((of) => ({
  tree: fc.record({
    name: fc.string({ maxLength: 3 }),
    children: fc.oneof({ depthSize: 'small', maxDepth: 4 }, fc.constant([]), fc.array(of('tree'), { maxLength: 5 })),
  }),
})).tree;

/** All kinds of walks, within each other and one after the other. */
function retell({ name, children }: Tree): object {
  const told = mapEach(children, retell);
  const names = flatMapEach(children, (child) => [child.name, ...mapEach(child.children, (inner) => inner.name)]);
  const long = filterEach(names, (each) => each.length > 1);
  const lengths = foldEach(
    children,
    () => ({ sum: 0, places: [] as number[] }),
    (state, child, index) => {
      const inner = mapEach(child.children, (each) => each.name.length);
      for (const length of inner) state.sum += length;
      state.places.push(index);
    },
  );
  const joined = once(() => names.join());
  const counted = within(
    () => names.length,
    () => counting(names),
    () => 300,
  );
  return { name, told, names, long, lengths, joined, counted };
}

function* counting(names: readonly string[]): Sliced<number> {
  let count = 0;
  for (const _ of names) {
    count += 1;
    yield;
  }
  return count;
}

test('a function gives the same with rests as without, wherever its walks rest', () => {
  fc.assert(
    fc.property(TREE, fc.integer({ min: 1, max: 7 }), (tree, slice) => {
      assert.deepEqual(drive(resting(() => retell(tree), slice)).result, retell(tree));
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('a walk rests behind each slice, and visits nothing twice', () => {
  const visited: number[] = [];
  const items = Array.from({ length: 25 }, (_, index) => index);
  const { rests } = drive(resting(() => visitEach(items, (item) => void visited.push(item)), 10));
  assert.deepEqual(visited, items);
  assert.equal(rests, 2);
});

test('text that is parsed on the way is work too', () => {
  const items = [1, 2, 3];
  const { rests } = drive(resting(() => mapEach(items, (item) => once(() => item, 256 * 10)), 10));
  assert.equal(rests, 2);
});

test('an error within a walk is the error of the whole, and the next function rests by itself', () => {
  const failing = resting(
    () =>
      mapEach([1, 2, 3], (item) => {
        if (item === 3) throw new Error('three');
        return item;
      }),
    1,
  );
  assert.throws(() => drive(failing), /three/);
  assert.deepEqual(
    mapEach([1, 2], (item) => item * 2),
    [2, 4],
  );
});

test('functions that rest take turns, and neither sees the walks of the other', () => {
  const double = (items: readonly number[]) => resting(() => mapEach(items, (item) => item * 2), 1);
  const [one, other] = [double([1, 2, 3]), double([10, 20, 30])];
  const results: unknown[] = [];
  for (let open = 2; open > 0; ) {
    for (const work of [one, other]) {
      const step = work.next();
      if (step.done !== true || step.value === undefined) continue;
      results.push(step.value);
      open -= 1;
    }
  }
  assert.deepEqual(results, [
    [2, 4, 6],
    [20, 40, 60],
  ]);
});
