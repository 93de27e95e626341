/**
 * Divides a limit among those who hold parts of it: sidecars, or replicas of the operator for all of theirs. Pure; a round takes what is
 * known of each holder and gives how much each may have from now on.
 *
 * A holder occupies what it may still be using, which is more than its units while something was taken away that it has not given up
 * yet. Nothing is given out but what nobody occupies, so the limit holds at each moment. Parts that are no whole number are had in turns.
 */
import { type PriorityCounts, sumOf } from '#contract/policy/share-demand';
import { PRIORITIES, PRIORITY_WEIGHT } from '#contract/resources/route-concurrency';
import { maxMin } from './max-min.ts';

export interface Holder {
  /** Under way and waiting. */
  readonly demand: PriorityCounts;
  /** What it may have, as told last. */
  readonly units: number;
  /** What it may be using: at least `units`. */
  readonly occupied: number;
  /** Unit-seconds that it got less than its part of so far. */
  readonly credit: number;
}

export interface Portion {
  readonly units: number;
  readonly credit: number;
}

/** For about so long a turn is kept before it goes to another of the same claim; in unit-seconds, as all claims are. */
const TURN = 2;
/** What a whole unit's claim is worth: more than a turn, so that a class which may have most of a unit does not wait for a turn's end. */
const CLAIM = 3;
/** Unit-seconds; bounds what a long answer costs its holder later. */
const MOST_CREDIT = 1_000;
/** Of sums of fractions. */
const EPSILON = 1e-6;

/** @param elapsedS Seconds since the round before. */
export function divide<Id>(limit: number, holders: ReadonlyMap<Id, Holder>, elapsedS: number): Map<Id, Portion> {
  const seats = [...holders].map(([id, holder]) => ({ id, ...holder, wants: sumOf(holder.demand) }));
  const parts = partsOf(limit, seats);
  const isShort = sum(seats.map(({ wants }) => wants)) > limit;
  const inUse = sum(seats.map(({ wants, occupied }) => (wants > 0 ? occupied : 0))) / Math.max(EPSILON, sum(parts));
  const planned = seats.map((seat, index) => {
    const part = parts[index] ?? 0;
    return { ...seat, part, credit: isShort ? earned(seat, part * inUse, elapsedS) : 0 };
  });
  const goals = isShort ? goalsInTurn(limit, planned) : goalsWithRoom(limit, planned);
  return settle(limit, planned, goals);
}

interface Seat<Id> extends Holder {
  readonly id: Id;
  /** All of `demand`. */
  readonly wants: number;
}

interface PlannedSeat<Id> extends Seat<Id> {
  /** What it should have, which need not be whole. */
  readonly part: number;
}

/** First among classes by weight, then among the holders of a class alike. */
function partsOf<Id>(limit: number, seats: readonly Seat<Id>[]): number[] {
  const ofClass = maxMin(
    limit,
    PRIORITIES.map((priority) => ({
      wants: sum(seats.map(({ demand }) => demand[priority])),
      weight: PRIORITY_WEIGHT[priority],
    })),
  );
  const perClass = PRIORITIES.map((priority, index) =>
    maxMin(
      ofClass[index] ?? 0,
      seats.map(({ demand }) => ({ wants: demand[priority], weight: 1 })),
    ),
  );
  return seats.map((_, seat) => sum(perClass.map((parts) => parts[seat] ?? 0)));
}

/** @param due Its part of what is in use: what nobody has for a moment, while it changes hands, is nobody's loss alone. */
const earned = <Id>({ wants, occupied, credit }: Seat<Id>, due: number, elapsedS: number): number =>
  wants === 0 ? 0 : Math.max(-MOST_CREDIT, Math.min(MOST_CREDIT, credit + (due - occupied) * elapsedS));

/** Not all is there that is wanted: the whole part, and one more for those whose turn it is. */
function goalsInTurn<Id>(limit: number, seats: readonly PlannedSeat<Id>[]): Map<Id, number> {
  const goals = new Map(seats.map(({ id, part }) => [id, Math.floor(part + EPSILON)]));
  const claimOf = ({ id, part, units, credit }: PlannedSeat<Id>): number => {
    const goal = goals.get(id) ?? 0;
    return (part - goal) * CLAIM + credit + (units > goal ? TURN : 0);
  };
  const inTurn = seats
    .filter(({ id, part }) => part - (goals.get(id) ?? 0) > EPSILON)
    .map((seat) => ({ id: seat.id, claim: claimOf(seat) }))
    .sort((a, b) => b.claim - a.claim);
  const left = limit - sum([...goals.values()]);
  for (const { id } of inTurn.slice(0, left)) goals.set(id, (goals.get(id) ?? 0) + 1);
  return goals;
}

/** All is there that is wanted: what is left is parted alike, so that what comes next need not wait. Who has it already keeps it. */
function goalsWithRoom<Id>(limit: number, seats: readonly PlannedSeat<Id>[]): Map<Id, number> {
  const left = limit - sum(seats.map(({ wants }) => wants));
  const each = Math.floor(left / Math.max(1, seats.length));
  const extra = left - each * seats.length;
  const byHaving = [...seats].sort((a, b) => b.units - b.wants - (a.units - a.wants));
  return new Map(byHaving.map(({ id, wants }, index) => [id, wants + each + (index < extra ? 1 : 0)]));
}

/** Gives out what nobody occupies, to who lacks most first; takes away only where somebody else is short of it. */
function settle<Id>(
  limit: number,
  seats: readonly PlannedSeat<Id>[],
  goals: ReadonlyMap<Id, number>,
): Map<Id, Portion> {
  let free = limit - sum(seats.map(({ occupied }) => occupied));
  const units = new Map(seats.map((seat) => [seat.id, seat.units]));
  const unitsOf = ({ id }: PlannedSeat<Id>): number => units.get(id) ?? 0;
  const goalOf = ({ id }: PlannedSeat<Id>): number => goals.get(id) ?? 0;
  const raise = (seat: PlannedSeat<Id>, goal: number): void => {
    const taken = Math.max(seat.occupied, unitsOf(seat));
    const given = Math.min(goal, taken + Math.max(0, free));
    if (given <= unitsOf(seat)) return;
    free -= Math.max(0, given - taken);
    units.set(seat.id, given);
  };
  const isShort = (seat: PlannedSeat<Id>): boolean => isLow(seat, unitsOf(seat), goalOf(seat));
  const byLack = [...seats].sort((a, b) => b.part - b.occupied + b.credit - (a.part - a.occupied + a.credit));
  for (const seat of byLack) raise(seat, Math.min(goalOf(seat), seat.wants));
  for (const seat of byLack.filter(isShort)) raise(seat, goalOf(seat));
  const mustGive = sum([...units.values()]) > limit || seats.some(isShort);
  for (const seat of seats) if (mustGive && unitsOf(seat) > goalOf(seat)) units.set(seat.id, goalOf(seat));
  return new Map(seats.map((seat) => [seat.id, { units: unitsOf(seat), credit: seat.credit }]));
}

/** It lacks what it wants, or more than half of the room that it could have: not each coming and going is told to all. */
const isLow = <Id>({ wants }: PlannedSeat<Id>, units: number, goal: number): boolean =>
  units < Math.min(goal, wants) || units - wants < (goal - wants) / 2;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
