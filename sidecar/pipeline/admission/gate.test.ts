import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Priority } from '#contract/resources/route-concurrency';
import { type Place, RouteQueue } from './route-queue.ts';

/** Enters in the order given and returns the places, which must all find room. */
const enter = (queue: RouteQueue, bounds: { max: number; queue: number }, classes: readonly Priority[]): Place[] =>
  classes.map((priority) => {
    const place = queue.enter(priority, bounds);
    assert.ok(place, 'there is room');
    return place;
  });

/** The classes in the order in which they get their turn when one at a time ends. */
function turnsOf(queue: RouteQueue, first: Place, places: readonly Place[]): Priority[] {
  const order: Priority[] = [];
  let current = first;
  for (let left = places.length; left > 0; left -= 1) {
    queue.leave(current);
    const next = places.find((place) => place.isRunning && place !== current);
    assert.ok(next, 'a turn was given');
    order.push(next.priority);
    current = next;
  }
  return order;
}

test('requests up to the maximum are under way at once, more wait, and beyond the queue there is no room', () => {
  const queue = new RouteQueue();
  const bounds = { max: 2, queue: 1 };
  const places = enter(queue, bounds, ['Normal', 'Low', 'High']);
  assert.deepEqual(
    places.map(({ isRunning }) => isRunning),
    [true, true, false],
  );
  assert.equal(queue.enter('High', bounds), undefined);
  assert.deepEqual(
    [queue.running, queue.waiting],
    [
      { High: 0, Normal: 1, Low: 1 },
      { High: 1, Normal: 0, Low: 0 },
    ],
  );
});

test('within a class who came first goes first, and is told once', () => {
  const queue = new RouteQueue();
  const [running, first, second] = enter(queue, { max: 1, queue: 9 }, ['Normal', 'Normal', 'Normal']);
  const told: string[] = [];
  if (first) first.onAdmitted = () => told.push('first');
  if (second) second.onAdmitted = () => told.push('second');
  if (running) queue.leave(running);
  assert.deepEqual(told, ['first']);
  if (running) queue.leave(running);
  assert.deepEqual(told, ['first'], 'who has left already leaves nothing');
  if (first) queue.leave(first);
  assert.deepEqual(told, ['first', 'second']);
});

test('of 21 turns with all classes waiting high has 16, normal 4 and low 1', () => {
  const queue = new RouteQueue();
  const bounds = { max: 1, queue: 100 };
  const [first, ...waiting] = enter(queue, bounds, [
    'Normal',
    ...Array<Priority>(21).fill('Low'),
    ...Array<Priority>(21).fill('Normal'),
    ...Array<Priority>(21).fill('High'),
  ]);
  assert.ok(first);
  const order = turnsOf(queue, first, waiting).slice(0, 21);
  const count = (priority: Priority): number => order.filter((each) => each === priority).length;
  assert.deepEqual([count('High'), count('Normal'), count('Low')], [16, 4, 1]);
  assert.equal(order[0], 'High');
});

test('a stream of high requests that never ends lets a low one have its turn', () => {
  const queue = new RouteQueue();
  const bounds = { max: 1, queue: 100 };
  let [current] = enter(queue, bounds, ['High']);
  const [low] = enter(queue, bounds, ['Low']);
  let turns = 0;
  while (low?.isRunning === false) {
    const [next] = enter(queue, bounds, ['High']);
    if (current) queue.leave(current);
    current = next;
    turns += 1;
    assert.ok(turns < 21, 'the low one starves');
  }
  assert.ok(turns > 1, 'high ones go first');
});

test('a class that was alone saves up no turns for later', () => {
  const queue = new RouteQueue();
  const bounds = { max: 1, queue: 100 };
  let [current] = enter(queue, bounds, ['Low']);
  for (let count = 0; count < 50; count += 1) {
    const [next] = enter(queue, bounds, ['Low']);
    if (current) queue.leave(current);
    current = next;
  }
  const [high] = enter(queue, bounds, ['High']);
  enter(queue, bounds, ['Low']);
  if (current) queue.leave(current);
  assert.equal(high?.isRunning, true);
});

test('who waits and leaves makes room, and its turn goes to the next', () => {
  const queue = new RouteQueue();
  const bounds = { max: 1, queue: 1 };
  const [running, waiting] = enter(queue, bounds, ['Normal', 'Normal']);
  if (waiting) queue.leave(waiting);
  const [next] = enter(queue, bounds, ['Normal']);
  if (running) queue.leave(running);
  assert.deepEqual([waiting?.isRunning, next?.isRunning], [false, true]);
});

test('bounds that a policy raises hold for who waits already, and lowered ones end nobody', () => {
  const queue = new RouteQueue();
  const places = enter(queue, { max: 1, queue: 5 }, ['Normal', 'Normal', 'Normal']);
  enter(queue, { max: 3, queue: 5 }, ['Normal']);
  assert.deepEqual(
    places.map(({ isRunning }) => isRunning),
    [true, true, true],
  );
  assert.equal(queue.enter('Normal', { max: 1, queue: 0 }), undefined);
  assert.equal(queue.running.Normal, 3);
});

const STEP = fc.oneof(
  fc.record({ enter: fc.constantFrom<Priority>('High', 'Normal', 'Low') }),
  fc.record({ leave: fc.nat({ max: 30 }) }),
);

test('whatever comes and goes: never more than may, nobody waits beside a free place, and each is counted once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.nat({ max: 4 }),
      fc.array(STEP, { maxLength: 60 }),
      (max, most, steps) => {
        const queue = new RouteQueue();
        const inside: Place[] = [];
        for (const step of steps) {
          if ('enter' in step) {
            const before = inside.length;
            const place = queue.enter(step.enter, { max, queue: most });
            assert.equal(place !== undefined, before < max + most);
            if (place !== undefined) inside.push(place);
          } else {
            const [place] = inside.splice(step.leave % Math.max(1, inside.length), 1);
            if (place !== undefined) queue.leave(place);
          }
          const running = inside.filter(({ isRunning }) => isRunning).length;
          const total = ({ High, Normal, Low }: Readonly<Record<Priority, number>>): number => High + Normal + Low;
          assert.equal(running, Math.min(max, inside.length));
          assert.deepEqual([total(queue.running), total(queue.waiting)], [running, inside.length - running]);
        }
      },
    ),
    { seed: 20261121, numRuns: 500 },
  );
});
