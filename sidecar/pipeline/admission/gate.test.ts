import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Priority } from '#contract/resources/route-concurrency';
import { Gate, type Turn } from './gate.ts';

/** In line, in the order given. */
const wait = (gate: Gate, ...classes: readonly Priority[]): Turn[] => classes.map((priority) => gate.wait(priority));

/** A gate for one at a time, with one of the class under way. */
function busy(priority: Priority = 'Normal'): Gate {
  const gate = new Gate(1);
  assert.ok(gate.enter(priority));
  return gate;
}

/** The classes in the order in which they get their turn when one at a time ends. */
function turnsOf(gate: Gate, first: Priority, turns: readonly Turn[]): Priority[] {
  const order: Priority[] = [];
  const left = new Set(turns);
  let current = first;
  while (left.size > 0) {
    gate.leave(current);
    const next = [...left].find(({ hasCome }) => hasCome);
    assert.ok(next, 'a turn was given');
    left.delete(next);
    order.push(next.priority);
    current = next.priority;
  }
  return order;
}

test('as many as may are under way at once, and the next one would have to wait', () => {
  const gate = new Gate(2);
  assert.deepEqual([gate.enter('Normal'), gate.enter('Low'), gate.enter('High')], [true, true, false]);
  wait(gate, 'High');
  assert.deepEqual(
    [gate.running, gate.waiting, gate.isFull],
    [{ High: 0, Normal: 1, Low: 1 }, { High: 1, Normal: 0, Low: 0 }, true],
  );
});

test('without a bound everything is under way at once and counted', () => {
  const gate = new Gate();
  for (let count = 0; count < 1_000; count += 1) assert.ok(gate.enter('Low'));
  assert.deepEqual([gate.runningInAll, gate.isFull], [1_000, false]);
});

test('within a class who came first goes first, and is told once', () => {
  const gate = busy();
  const [first, second] = wait(gate, 'Normal', 'Normal');
  const told: string[] = [];
  if (first) first.onCome = () => told.push('first');
  if (second) second.onCome = () => told.push('second');
  gate.leave('Normal');
  assert.deepEqual(told, ['first']);
  gate.leave('Normal');
  assert.deepEqual(told, ['first', 'second']);
});

test('of 21 turns with all classes waiting high has 16, normal 4 and low 1', () => {
  const gate = busy();
  const all = (priority: Priority): Priority[] => Array<Priority>(21).fill(priority);
  const turns = wait(gate, ...all('Low'), ...all('Normal'), ...all('High'));
  const order = turnsOf(gate, 'Normal', turns).slice(0, 21);
  const count = (priority: Priority): number => order.filter((each) => each === priority).length;
  assert.deepEqual([count('High'), count('Normal'), count('Low')], [16, 4, 1]);
  assert.equal(order[0], 'High');
});

test('a stream of high requests that never ends lets a low one have its turn', () => {
  const gate = busy('High');
  const [low] = wait(gate, 'Low');
  let turns = 0;
  while (low?.hasCome === false) {
    wait(gate, 'High');
    gate.leave('High');
    turns += 1;
    assert.ok(turns < 21, 'the low one starves');
  }
  assert.ok(turns > 1, 'high ones go first');
});

test('a class that was alone saves up no turns for later', () => {
  const gate = busy('Low');
  for (let count = 0; count < 50; count += 1) {
    wait(gate, 'Low');
    gate.leave('Low');
  }
  const [high] = wait(gate, 'High', 'Low');
  gate.leave('Low');
  assert.equal(high?.hasCome, true);
});

test('who waits and gives up has no turn, and a turn that has come already goes to the next', () => {
  const gate = busy();
  const [gone, next, last] = wait(gate, 'Normal', 'Normal', 'Normal');
  if (gone) gate.giveUp(gone);
  gate.leave('Normal');
  assert.deepEqual([gone?.hasCome, next?.hasCome, last?.hasCome], [false, true, false]);
  if (next) gate.giveUp(next);
  assert.deepEqual([last?.hasCome, gate.runningInAll, gate.waitingInAll], [true, 1, 0]);
});

test('a bound that is raised lets in who waits already, and a lowered one ends nobody', () => {
  const gate = busy();
  const turns = wait(gate, 'Normal', 'Normal', 'Normal');
  gate.max = 3;
  assert.deepEqual(
    turns.map(({ hasCome }) => hasCome),
    [true, true, false],
  );
  gate.max = 0;
  assert.equal(gate.runningInAll, 3);
  for (let count = 0; count < 3; count += 1) gate.leave('Normal');
  assert.deepEqual([gate.runningInAll, gate.waitingInAll], [0, 1], 'closed: nobody begins');
});

const STEP = fc.oneof(
  fc.record({ come: fc.constantFrom<Priority>('High', 'Normal', 'Low') }),
  fc.record({ leave: fc.nat({ max: 30 }) }),
  fc.record({ max: fc.nat({ max: 4 }) }),
);

test('whatever comes, goes and is bounded anew: nobody begins above the bound or waits below it, and each is counted once', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 60 }), (steps) => {
      const gate = new Gate(2);
      const inside: (Turn | Priority)[] = [];
      const isUnderWay = (each: Turn | Priority): boolean => typeof each === 'string' || each.hasCome;
      for (const step of steps) {
        const before = gate.runningInAll;
        if ('come' in step) inside.push(gate.enter(step.come) ? step.come : gate.wait(step.come));
        else if ('max' in step) gate.max = step.max;
        else {
          const [one] = inside.splice(step.leave % Math.max(1, inside.length), 1);
          if (typeof one === 'string') gate.leave(one);
          else if (one !== undefined) gate.giveUp(one);
        }
        const running = inside.filter(isUnderWay).length;
        assert.deepEqual([gate.runningInAll, gate.waitingInAll], [running, inside.length - running]);
        assert.ok(running <= Math.max(gate.max, before));
        assert.ok(running >= Math.min(gate.max, inside.length));
      }
    }),
    { seed: 20261121, numRuns: 500 },
  );
});
