/**
 * How replicas of the operator part a bound among themselves: a book that all read and one writes at a time, by conditional writes. Pure;
 * a step takes the book as it was read and gives the book to write. What a replica may give out stands in it, so that replicas together
 * never give out more than the bound, however late they read. A book that could not be written changes nothing.
 */
import { z } from 'zod';
import { plus, sumOf } from '#contract/policy/share-demand';
import { type AdaptiveLimit, adapt, boundOf, noLimit } from './adaptive-limit.ts';
import { divide, type Holder } from './divide.ts';
import type { ShareLoad } from './share-bounds.ts';

const count = z.number().int().min(0);
const counts = z.object({ High: count, Normal: count, Low: count });

const replicaPart = z.object({
  /** What the replica may give out. */
  units: count,
  /** What its pods may be using of it. */
  occupied: count,
  /** Under way and waiting. */
  demand: counts,
  running: count,
  /** Of `divide`. */
  credit: z.number(),
});

const adaptiveLimit = z.object({
  limit: count.min(1).nullable(),
  sinceMs: z.number(),
  peak: count,
  formerPeak: count,
  used: z.boolean(),
  throttled: z.boolean(),
  neededAtMs: z.number(),
}) satisfies z.ZodType<AdaptiveLimit>;

const fleetBook = z.object({
  replicas: z.record(
    z.string(),
    z.object({
      /** Another number each time that it is written: a replica that does not count on is gone. */
      beat: count,
      parts: z.record(z.string(), replicaPart),
    }),
  ),
  /** What refusals told, by key; only such as told something. */
  limits: z.record(z.string(), adaptiveLimit),
});

/** Of one key at one replica. */
type ReplicaPart = Readonly<z.infer<typeof replicaPart>>;
export type FleetBook = z.infer<typeof fleetBook>;

export const EMPTY_BOOK: FleetBook = { replicas: {}, limits: {} };

/** What somebody has made unreadable is an empty book: replicas write theirs anew. */
export function decodeFleetBook(text: string): FleetBook {
  try {
    return fleetBook.safeParse(JSON.parse(text)).data ?? EMPTY_BOOK;
  } catch {
    return EMPTY_BOOK;
  }
}

/** A key at the replica that writes. */
export interface OwnLoad extends ShareLoad {
  /** Most that was under way there in the last two seconds. */
  readonly peak: number;
}

export interface BookStep {
  readonly replica: string;
  /** All that the replica's pods know of. */
  readonly loads: ReadonlyMap<string, OwnLoad>;
  /** For how long another replica was not heard; undefined: it is gone. In any unit. */
  readonly silence: (replica: string) => number | undefined;
  /** Unix. Clocks that differ move the windows of the limits and nothing else. */
  readonly nowMs: number;
  /** Since this replica wrote last. */
  readonly elapsedS: number;
}

/** With the entry of the replica written anew, and without those that are gone. */
export function stepBook(book: FleetBook, step: BookStep): FleetBook {
  const others = othersIn(book, step);
  const { beat, parts: former } = book.replicas[step.replica] ?? { beat: 0, parts: {} };
  const parts: Record<string, ReplicaPart> = {};
  const limits = Object.fromEntries(
    Object.entries(book.limits).filter(([key]) => others.some(([, entry]) => entry.parts[key])),
  );
  for (const [key, load] of step.loads) {
    const had = partOf(load, former[key]);
    const own = { ...had, units: had.units + takeOver(key, load.brought, others) };
    const theirs = new Map(
      others.flatMap(([id, entry]) => (entry.parts[key] ? [[id, entry.parts[key]] as const] : [])),
    );
    const elsewhere = { theirs: [...theirs.values()], others: others.length, nowMs: step.nowMs };
    const found = limitOf(book.limits[key], load, elsewhere);
    delete limits[key];
    if (found.limit !== null) limits[key] = found;
    const bound = boundOf(found.limit, load.stated);
    if (bound === null) continue;
    const portions = divide(bound, new Map<string, Holder>([...theirs, [step.replica, own]]), step.elapsedS);
    const { units, credit } = portions.get(step.replica) ?? own;
    parts[key] = { ...own, units, credit, occupied: Math.max(units, own.occupied) };
  }
  return { replicas: { ...Object.fromEntries(others), [step.replica]: { beat: beat + 1, parts } }, limits };
}

interface OtherEntry {
  readonly beat: number;
  readonly parts: Record<string, ReplicaPart>;
}

/** Those that are there, who was silent longest first; what is changed in them changes nothing in the book. */
const othersIn = ({ replicas }: FleetBook, { replica, silence }: BookStep): [string, OtherEntry][] =>
  Object.entries(replicas)
    .filter(([id]) => id !== replica && silence(id) !== undefined)
    .sort(([a], [b]) => (silence(b) ?? 0) - (silence(a) ?? 0))
    .map(([id, { beat, parts }]) => [id, { beat, parts: { ...parts } }]);

/** Pods that come from another replica bring along what it gave them, and which it need not count any more: likely one that has stopped. */
function takeOver(key: string, brought: number, others: readonly (readonly [string, OtherEntry])[]): number {
  let taken = 0;
  for (const [, { parts }] of others) {
    const part = parts[key];
    if (part === undefined) continue;
    const units = Math.min(brought - taken, part.units);
    parts[key] = { ...part, units: part.units - units, occupied: part.occupied - units };
    taken += units;
  }
  return taken;
}

function partOf({ running, waiting, occupied }: OwnLoad, former: ReplicaPart | undefined): ReplicaPart {
  const { units, credit } = former ?? { units: 0, credit: 0 };
  const demand = plus(running, waiting);
  return { units, occupied: Math.max(units, occupied), demand, running: sumOf(running), credit };
}

interface Elsewhere {
  readonly theirs: readonly ReplicaPart[];
  /** Replicas, whether they have a part or not. */
  readonly others: number;
  readonly nowMs: number;
}

/** Until there is a limit no replica tells of its use: the others are then taken to have as much under way as this one. */
function limitOf(known: AdaptiveLimit | undefined, load: OwnLoad, { theirs, others, nowMs }: Elsewhere): AdaptiveLimit {
  const running = sumOf(load.running) + theirs.reduce((sum, part) => sum + part.running, 0);
  const demand = theirs.reduce((sum, part) => sum + sumOf(part.demand), sumOf(load.running) + sumOf(load.waiting));
  const sample = { nowMs, running, waiting: demand - running, throttled: load.throttled };
  if (known) return adapt(known, sample);
  return adapt({ ...noLimit(nowMs), peak: load.peak * (1 + others) }, sample);
}
