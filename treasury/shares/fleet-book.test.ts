import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NO_COUNTS } from '#contract/policy/share-demand';
import type { Priority } from '#contract/resources/route-concurrency';
import { decodeFleetBook, EMPTY_BOOK, type FleetBook, type OwnLoad, stepBook } from './fleet-book.ts';

const KEY = 'provider:ai/open';
const IDS = ['a', 'b', 'c'];

/** A replica whose pods use what it may give out as soon as it may. */
class Replica {
  readonly id: string;
  priority: Priority = 'Low';
  wants = 0;
  running = 0;
  throttled = 0;
  peak = 0;
  brought = 0;

  constructor(id: string) {
    this.id = id;
  }

  load(book: FleetBook, stated: number | null): OwnLoad {
    const { priority, wants, running, throttled, peak, brought } = this;
    const units = book.replicas[this.id]?.parts[KEY]?.units ?? 0;
    const waiting = { ...NO_COUNTS, [priority]: Math.max(0, wants - running) };
    const counts = { running: { ...NO_COUNTS, [priority]: running }, waiting, occupied: Math.max(running, units) };
    return { ...counts, throttled, stated, peak, brought };
  }

  begin(book: FleetBook): void {
    const units = book.replicas[this.id]?.parts[KEY]?.units ?? 0;
    this.running = Math.max(this.running, Math.min(this.wants, units));
  }
}

interface Moment {
  readonly stated?: number | null;
  readonly nowMs?: number;
  readonly silence?: (id: string) => number | undefined;
}

const write = (book: FleetBook, replica: Replica, { stated = null, nowMs = 0, silence = () => 0 }: Moment): FleetBook =>
  stepBook(book, {
    ...{ replica: replica.id, nowMs, silence, elapsedS: 1 },
    loads: new Map([[KEY, replica.load(book, stated)]]),
  });

const unitsIn = (book: FleetBook): (number | undefined)[] => IDS.map((id) => book.replicas[id]?.parts[KEY]?.units);
const replicas = (): Replica[] => IDS.map((id) => new Replica(id));
const total = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);

describe('the book of the replicas', () => {
  it('never lets them give out more than the bound together, and comes to give out all that is wanted', () => {
    const event = fc.record({
      replica: fc.nat(IDS.length - 1),
      type: fc.constantFrom('want', 'want less', 'begin', 'write'),
      count: fc.nat(12),
      priority: fc.constantFrom<Priority>('High', 'Normal', 'Low'),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(event, { maxLength: 80 }), (stated, events) => {
        const all = replicas();
        let book = EMPTY_BOOK;
        const check = () =>
          assert.ok(
            total(all.map(({ running }) => running)) <= stated,
            `${all.map(({ running }) => running)} ${unitsIn(book)}`,
          );
        for (const { replica: index, type, count, priority } of events) {
          const replica = all[index];
          assert.ok(replica);
          if (type === 'want' && replica.running === 0) replica.priority = priority;
          if (type === 'want') replica.wants = Math.max(replica.running, count);
          else if (type === 'want less') replica.wants = replica.running = Math.min(replica.running, count);
          else if (type === 'begin') replica.begin(book);
          else book = write(book, replica, { stated });
          check();
        }
        for (let round = 0; round < 40; round++)
          for (const replica of all) {
            book = write(book, replica, { stated });
            // What is under way ends and what waits begins.
            replica.running = 0;
            replica.begin(book);
            check();
          }
        const given = total(unitsIn(book).map((units) => units ?? 0));
        const wanted = total(all.map(({ wants }) => wants));
        assert.ok(given >= Math.min(stated, wanted) - 1 && given <= stated, `${given} of ${stated} for ${wanted}`);
      }),
      { numRuns: 200 },
    );
  });

  it('leaves all to a replica that is alone, and half to each of two', () => {
    const [a, b] = replicas();
    assert.ok(a && b);
    let book = write(EMPTY_BOOK, a, { stated: 10 });
    assert.deepEqual(unitsIn(book), [10, undefined, undefined]);
    for (const replica of [b, a, a, b]) book = write(book, replica, { stated: 10 });
    assert.deepEqual(unitsIn(book), [5, 5, undefined]);
  });

  it('gives what a replica had that is gone to the others', () => {
    const [a, b] = replicas();
    assert.ok(a && b);
    let book = EMPTY_BOOK;
    for (const replica of [a, b, a, b]) book = write(book, replica, { stated: 10 });
    b.wants = 10;
    book = write(book, b, { stated: 10, silence: (id) => (id === 'a' ? undefined : 0) });
    assert.deepEqual(unitsIn(book), [undefined, 10, undefined]);
  });

  it('takes over at once what pods bring along from a replica that has stopped, and no more than that', () => {
    const [a, b, c] = replicas();
    assert.ok(a && b && c);
    let book = EMPTY_BOOK;
    for (const replica of [a, b, a, a, b]) book = write(book, replica, { stated: 10 });
    c.wants = c.running = c.brought = 3;
    book = write(book, c, { stated: 10, silence: (id) => (id === 'a' ? 5 : 0) });
    assert.deepEqual(unitsIn(book), [2, 5, 3]);
  });

  it('holds all replicas to what a provider refused one of them, and lets it grow while it is needed', () => {
    const [a, b] = replicas();
    assert.ok(a && b);
    a.running = a.wants = a.peak = 20;
    a.throttled = 1;
    let book = write(EMPTY_BOOK, a, {});
    assert.equal(book.limits[KEY]?.limit, 14);
    a.throttled = 0;
    a.running = 14;
    b.wants = 20;
    for (let second = 1; second <= 4; second++)
      for (const replica of [a, b]) book = write(book, replica, { nowMs: second * 1_000 });
    assert.equal(book.limits[KEY]?.limit, 17);
    const [ofA = 0, ofB = 0] = unitsIn(book);
    assert.ok(ofA === 8 || ofA === 9, `${ofA}`);
    assert.equal(ofB, 17 - 14, 'a is still using 14');
  });

  it('forgets what was refused when nobody needed it for ten minutes', () => {
    const [a] = replicas();
    assert.ok(a);
    a.running = a.wants = a.peak = 20;
    a.throttled = 1;
    let book = write(EMPTY_BOOK, a, {});
    a.throttled = a.running = a.wants = 0;
    book = write(book, a, { nowMs: 600_000 });
    assert.deepEqual([book.limits, book.replicas.a?.parts], [{}, {}]);
  });

  it('is empty where somebody has made it unreadable', () => {
    const [a] = replicas();
    assert.ok(a);
    const book = write(EMPTY_BOOK, a, { stated: 10 });
    assert.deepEqual(decodeFleetBook(JSON.stringify(book)), book);
    for (const text of [
      '',
      'null',
      '[]',
      '{"replicas":{"a":{"beat":-1}}}',
      '{"replicas":{},"limits":{"k":{"limit":0}}}',
    ])
      assert.deepEqual(decodeFleetBook(text), EMPTY_BOOK);
  });
});
