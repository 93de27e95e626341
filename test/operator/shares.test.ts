/** The promises of a limit that is shared over the fleet, held over fleets of pods: what comes late, out of step or twice included. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sumOf } from '#contract/policy/share-demand';
import { PRIORITIES, type Priority } from '#contract/resources/route-concurrency';
import { ShareBoard } from '#operator/push/share-board';
import { Fleet, type Pod } from './share-fleet.ts';

const LIMIT = 5;
const UIDS = ['a', 'b', 'c'];

const uid = fc.constantFrom(...UIDS);
const priority = fc.constantFrom(...PRIORITIES);
const podEvent = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('arrive' as const),
      uid,
      priority,
      count: fc.integer({ min: 1, max: 8 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('finish' as const), uid, priority }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('say' as const, 'up' as const, 'down' as const), uid }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('go' as const), uid }) },
);
type PodEvent = typeof podEvent extends fc.Arbitrary<infer E> ? E : never;
const event = fc.oneof(
  { weight: 13, arbitrary: podEvent },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('round' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('exchange' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reconnect' as const), uid }) },
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

function apply(fleet: Fleet, board: ShareBoard, happens: Event): void {
  switch (happens.type) {
    case 'round':
      fleet.round();
      return;
    case 'exchange':
      fleet.exchange();
      return;
    case 'reconnect':
      fleet.join(happens.uid);
      return;
    default:
      applyTo(fleet, board, happens);
  }
}

function applyTo(fleet: Fleet, board: ShareBoard, happens: PodEvent): void {
  const pod = fleet.pods.get(happens.uid);
  if (pod === undefined) return;
  switch (happens.type) {
    case 'arrive':
      pod.arrive(happens.priority, happens.count);
      return;
    case 'finish':
      pod.finish(happens.priority);
      return;
    case 'say':
      pod.say();
      return;
    case 'up':
      fleet.arriveUp(pod);
      return;
    case 'down':
      fleet.arriveDown(pod);
      return;
    case 'go':
      fleet.pods.delete(happens.uid);
      board.gone(happens.uid);
  }
}

interface Work {
  /** Rounds that an answer takes. */
  readonly takes: number;
  /** Called for each pod in each round. */
  readonly ask: (pod: Pod, round: number) => void;
}

function work(fleet: Fleet, rounds: number, { takes, ask }: Work): void {
  const answers = new Map<Pod, { readonly priority: Priority; readonly until: number }[]>();
  for (let round = 0; round < rounds; round++) {
    for (const pod of fleet.pods.values()) {
      const all = answers.get(pod) ?? [];
      for (const { priority } of all.filter(({ until }) => until <= round)) pod.finish(priority);
      ask(pod, round);
      const underWay = all.filter(({ until }) => until > round);
      for (const priority of PRIORITIES) {
        const known = underWay.filter((answer) => answer.priority === priority).length;
        for (let index = known; index < pod.running[priority]; index++)
          underWay.push({ priority, until: round + takes });
      }
      answers.set(pod, underWay);
    }
    fleet.exchange();
    fleet.round();
  }
}

/** Always has three that wait. */
const saturate = (pod: Pod, priority: Priority): void => {
  if (sumOf(pod.waiting) < 3) pod.arrive(priority, 3);
};

describe('a limit that is shared over the fleet', () => {
  it('is never exceeded by connected pods, whatever comes late, is lost with a stream, or leaves', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 110, size: 'max' }), (events) => {
        const board = new ShareBoard();
        const fleet = new Fleet(board, LIMIT);
        for (const each of UIDS) fleet.join(each);
        for (const happens of events) {
          apply(fleet, board, happens);
          assert.ok(fleet.running <= LIMIT, `${fleet.running} under way after ${happens.type}`);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('is used to the full, and starves nobody, after whatever happened', () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 60, size: 'max' }),
        fc.array(priority, { minLength: UIDS.length, maxLength: UIDS.length }),
        (events, classes) => {
          const board = new ShareBoard();
          const fleet = new Fleet(board, LIMIT);
          for (const each of UIDS) fleet.join(each);
          for (const happens of events) apply(fleet, board, happens);
          for (const pod of UIDS.map((each) => fleet.join(each))) {
            for (const each of PRIORITIES) while (pod.running[each] > 0) pod.finish(each);
            pod.begun = 0;
          }
          const classOf = new Map(UIDS.map((each, index) => [each, classes[index] ?? 'Low']));
          work(fleet, 600, { takes: 3, ask: (pod) => saturate(pod, classOf.get(pod.uid) ?? 'Low') });
          for (const pod of fleet.pods.values()) assert.ok(pod.begun > 0, `${pod.uid} of ${classOf.get(pod.uid)}`);
          const begun = [...fleet.pods.values()].reduce((sum, pod) => sum + pod.begun, 0);
          assert.ok(begun > 0.6 * ((600 * LIMIT) / 3), `${begun} in 600 rounds`);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('lets an interactive pod begin within about one answer of twenty batch pods that want all of it, which keep the rest', () => {
    const takes = 8;
    const rounds = 4_000;
    const fleet = new Fleet(new ShareBoard(), 10);
    for (let index = 0; index < 20; index++) fleet.join(`batch-${index}`);
    const app = fleet.join('app');
    const waits: number[] = [];
    let askedAt = 0;
    const watch = (round: number): void => {
      if (app.begun > waits.length) waits.push(round - askedAt);
      if (round % (3 * takes) > 0 || sumOf(app.running) + sumOf(app.waiting) > 0) return;
      askedAt = round;
      app.arrive('High');
    };
    work(fleet, rounds, { takes, ask: (pod, round) => (pod === app ? watch(round) : saturate(pod, 'Low')) });
    const median = waits.toSorted((a, b) => a - b)[Math.floor(waits.length / 2)] ?? Number.POSITIVE_INFINITY;
    const worst = Math.max(...waits);
    const batch = [...fleet.pods.values()].filter((pod) => pod !== app).map(({ begun }) => begun);
    const full = (rounds * 10) / takes;
    assert.ok(waits.length > 100);
    assert.ok(median <= takes + 2 && worst <= 3 * takes, `median ${median}, worst ${worst} rounds`);
    assert.ok(Math.min(...batch) > (0.8 * full) / 20, `${batch} of ${full}`);
  });
});
