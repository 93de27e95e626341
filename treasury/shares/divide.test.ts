import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type PriorityCounts, sumOf } from '#contract/policy/share-demand';
import { divide, type Holder } from './divide.ts';
import { maxMin } from './max-min.ts';

const NOBODY: PriorityCounts = { High: 0, Normal: 0, Low: 0 };
const wanting = (demand: Partial<PriorityCounts>, parts: Partial<Holder> = {}): Holder => {
  const { units = 0 } = parts;
  return { demand: { ...NOBODY, ...demand }, units, occupied: units, credit: 0, ...parts };
};

/** Rounds in which everybody gives up at once what is taken away. */
function run(limit: number, demands: Readonly<Record<string, Partial<PriorityCounts>>>, rounds: number, stepS = 0.25) {
  let holders = new Map(Object.entries(demands).map(([id, demand]) => [id, wanting(demand)]));
  const had = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const portions = divide(limit, holders, stepS);
    holders = new Map(
      [...portions].map(([id, { units, credit }]) => [id, wanting(demands[id] ?? {}, { units, credit })]),
    );
    for (const [id, { units }] of portions) had.set(id, (had.get(id) ?? 0) + units / rounds);
  }
  return { holders, had: (id: string): number => had.get(id) ?? 0 };
}

const counts = fc.record({ High: fc.nat(20), Normal: fc.nat(20), Low: fc.nat(20) });
const holder = fc
  .record({ demand: counts, units: fc.nat(20), over: fc.nat(5), credit: fc.integer({ min: -20, max: 20 }) })
  .map(({ over, ...parts }): Holder => ({ ...parts, occupied: parts.units + over }));
const holders = fc.array(holder, { minLength: 1, maxLength: 30 });
const limit = fc.integer({ min: 1, max: 100 });

const total = (numbers: Iterable<number>): number => [...numbers].reduce((sum, each) => sum + each, 0);
const byIndex = (all: readonly Holder[]): Map<number, Holder> => new Map(all.map((each, index) => [index, each]));

describe('max-min fairness', () => {
  it('gives by weight, and what one does not want to the others', () => {
    const of = (...wants: number[]): number[] =>
      maxMin(
        21,
        [16, 4, 1].map((weight, index) => ({ weight, wants: wants[index] ?? 0 })),
      );
    assert.deepEqual(of(99, 99, 99), [16, 4, 1]);
    assert.deepEqual(of(1, 99, 99), [1, 16, 4]);
    assert.deepEqual(of(0, 0, 99), [0, 0, 21]);
    assert.deepEqual(of(1, 2, 3), [1, 2, 3]);
  });
});

describe('dividing a limit', () => {
  it('never gives out what somebody may still be using', () => {
    fc.assert(
      fc.property(limit, holders, fc.double({ min: 0, max: 2, noNaN: true }), (bound, all, elapsedS) => {
        const before = total(all.map(({ occupied }) => occupied));
        const portions = divide(bound, byIndex(all), elapsedS);
        const after = total(all.map(({ occupied }, index) => Math.max(occupied, portions.get(index)?.units ?? 0)));
        assert.ok(after <= Math.max(bound, before), `${after} of ${bound}, before ${before}`);
        for (const { units } of portions.values()) assert.ok(Number.isInteger(units) && units >= 0);
      }),
    );
  });

  it('comes to give out all that is wanted and there, once what is taken away is given up', () => {
    fc.assert(
      fc.property(limit, fc.array(counts, { minLength: 1, maxLength: 30 }), (bound, demands) => {
        const { holders: last } = run(bound, Object.fromEntries(demands.map((each, index) => [index, each])), 3);
        const used = total([...last.values()].map(({ demand, units }) => Math.min(units, sumOf(demand))));
        assert.equal(used, Math.min(bound, total(demands.map(sumOf))));
        assert.ok(total([...last.values()].map(({ units }) => units)) <= bound);
      }),
    );
  });

  it('takes nothing from anybody while nobody lacks anything, or more than half of the room that it could have', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 10 }), fc.array(fc.nat(3)), (first, later) => {
        const start = run(100, Object.fromEntries(first.map((High, index) => [`${index}`, { High }])), 2);
        const moved = new Map(
          [...start.holders].map(([id, was], index) => [id, { ...was, demand: { ...NOBODY, Low: later[index] ?? 0 } }]),
        );
        for (const [id, { units }] of divide(100, moved, 0.25)) assert.equal(units, moved.get(id)?.units);
      }),
    );
  });

  it('gives one who comes later its room, too', () => {
    const { holders: first } = run(10, { a: {} }, 1);
    assert.equal(first.get('a')?.units, 10);
    const portions = divide(10, new Map([...first, ['b', wanting({})]]), 0.25);
    assert.deepEqual(
      [...portions.values()].map(({ units }) => units),
      [5, 0],
      'a is to give it up first',
    );
  });

  it('leaves room with everybody for what comes next', () => {
    const { holders: last } = run(40, { a: { High: 2 }, b: {}, c: {}, d: {} }, 3);
    const room = [...last.values()].map(({ demand, units }) => units - sumOf(demand));
    assert.deepEqual(room.toSorted(), [10, 10, 9, 9].toSorted());
  });

  it('gives classes their weights where all want more than there is, and holders of a class the same', () => {
    const { had } = run(42, { a: { High: 50 }, b: { High: 50 }, c: { Normal: 50 }, d: { Low: 50 } }, 400);
    for (const [id, part] of Object.entries({ a: 16, b: 16, c: 8, d: 2 }))
      assert.ok(Math.abs(had(id) - part) < 0.5, id);
  });

  it('starves nobody: each gets its part over time, be it less than one', () => {
    const classes = fc.constantFrom('High', 'Normal', 'Low');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(classes, { minLength: 2, maxLength: 12 }), (bound, all) => {
        const demands = Object.fromEntries(all.map((name, index) => [`${index}`, { [name]: 20 }]));
        const { had } = run(bound, demands, 4_000);
        const weights: Readonly<Record<string, number>> = { High: 16, Normal: 4, Low: 1 };
        const sumOfWeights = total([...new Set(all)].map((name) => weights[name] ?? 0));
        for (const [index, name] of all.entries()) {
          const part = (bound * (weights[name] ?? 0)) / sumOfWeights / all.filter((each) => each === name).length;
          // A turn that changes leaves its unit unused for a round.
          assert.ok(had(`${index}`) >= 0.85 * Math.min(20, part) - 0.01, `${name} had ${had(`${index}`)} of ${part}`);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('lets one who asks for one have it at the next round after twenty hold all, and leaves them the rest', () => {
    const batch = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`batch-${index}`, { Low: 100 }]));
    const { holders: full } = run(20, batch, 10);
    const asked = new Map([...full, ['app', wanting({ High: 1 })]]);
    const first = divide(20, asked, 0.25);
    assert.equal(first.get('app')?.units, 0, 'nobody has given up anything yet');
    const taken = new Map([...asked].map(([id, was]) => [id, { ...was, units: first.get(id)?.units ?? 0 }]));
    const [given = ''] = [...taken].find(([, { units, occupied }]) => units < occupied) ?? [];
    const over = new Map([...taken].map(([id, was]) => [id, id === given ? { ...was, occupied: was.units } : was]));
    const second = divide(20, over, 0.25);
    assert.equal(second.get('app')?.units, 1);
    assert.equal(total([...second].map(([id, { units }]) => (id === 'app' ? 0 : units))), 19);
  });

  it('does not let who may have most of a single unit wait for the turn of others', () => {
    const batch = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`batch-${index}`, { Low: 100 }]));
    const { holders: full } = run(1, batch, 10);
    const portions = divide(1, new Map([...full, ['app', wanting({ High: 1 })]]), 0.25);
    assert.equal(total([...portions.values()].map(({ units }) => units)), 0, 'who had it gives it up');
  });

  it('keeps a turn for some time, since each change of it leaves the unit unused for a moment', () => {
    let portions = run(1, { a: { Low: 9 }, b: { Low: 9 } }, 1).holders;
    let changes = 0;
    for (let round = 0; round < 400; round++) {
      const next = divide(1, portions, 0.25);
      if ([...next].some(([id, { units }]) => units > (portions.get(id)?.units ?? 0))) changes += 1;
      portions = new Map([...next].map(([id, parts]) => [id, wanting({ Low: 9 }, parts)]));
    }
    assert.ok(changes >= 20 && changes <= 50, `${changes} in 100 seconds`);
  });
});
