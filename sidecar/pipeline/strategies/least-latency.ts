/**
 * The soonest to answer, by the power of two choices (Mitzenmacher 2001): of two random targets the one with the lower time to first
 * content times its attempts under way. All sidecars together would otherwise flood whichever is fastest at the moment.
 */
import type { CompiledTarget } from '#sidecar/pipeline/policy/snapshot';
import { affinityId } from './affinity.ts';
import type { TargetLatency } from './latency/target-latencies.ts';
import { rendezvous } from './rendezvous.ts';
import { type Strategy, tell } from './strategy.ts';

type Load = TargetLatency & { readonly target: CompiledTarget };

/** So many times the load of another target is one worth whose caches know the prompt. */
const WORTH_STAYING = 2;
/** Nobody notices what is sooner than this. */
const SOON_MS = 100;
/** So often an unknown target is put first without an attempt: it is denied, say, or its API does not know the operation. */
const FIRST_OFFERS = 5;
/** Afterwards once in so many requests: what keeps one request from it need not keep the next. */
const OFFERED_AGAIN = 64;

export const leastLatency: Strategy = (rule, question) => {
  const { targets } = rule;
  if (targets.length < 2) return { targets };
  const { latencies, request, random } = question;
  const loads = targets.map((target): Load => ({ target, ...latencies.of(target, request.stream) }));
  const home = homeOf(loads, affinityId(rule, question));
  const others = inOrder(home === undefined ? loads : loads.filter((load) => load !== home), random);
  const order = home === undefined ? others : [home, ...others];
  for (const [index, load] of order.entries())
    if (isIdle(load) && (index === 0 || !isUntried(load))) latencies.offered(load.target, request.stream);
  const by = home === undefined ? '' : `, by ${rule.affinity}`;
  return { targets: order.map(({ target }) => target), reason: `${tell(order, loadText)}${by}` };
};

/** The target that the id stays with: its first one that no other is much sooner than. */
function homeOf(loads: readonly Load[], id: string | undefined): Load | undefined {
  if (id === undefined) return undefined;
  const usable = loads.filter((load) => load.averageMs !== undefined || isUntried(load));
  const known = loads.filter(({ averageMs }) => averageMs !== undefined);
  // One that nobody tried may be much sooner.
  const atMost = loads.some(isUntried) ? 0 : Math.max(SOON_MS, WORTH_STAYING * Math.min(...known.map(scoreOf)));
  const ranked = rendezvous(
    usable.map(({ target }) => target),
    id,
    () => 1,
  );
  return ranked
    .map((target) => usable.find((load) => load.target === target))
    .find((load) => load !== undefined && scoreOf(load) <= atMost);
}

function inOrder(loads: readonly Load[], random: () => number): readonly Load[] {
  const known = loads.filter(({ averageMs }) => averageMs !== undefined);
  const unknown = loads.filter(({ averageMs }) => averageMs === undefined);
  // One request finds out how a target is; others wait for that.
  const waiting = unknown.filter((load) => !isUntried(load)).sort((a, b) => a.underWay - b.underWay);
  return [...unknown.filter(isUntried), ...drawAll(known, random), ...waiting];
}

/** Nothing is known of it and nothing will be, unless it is tried. */
const isIdle = ({ averageMs, underWay }: Load): boolean => averageMs === undefined && underWay === 0;

const isUntried = (load: Load): boolean =>
  isIdle(load) && (load.offers < FIRST_OFFERS || load.offers % OFFERED_AGAIN === 0);

const loadText = ({ averageMs, underWay }: Load): string =>
  `${averageMs === undefined ? 'untried' : `${Math.round(averageMs)}ms`}${underWay === 0 ? '' : ` x${underWay + 1}`}`;

/** Draws without putting back, so that what is left when some may not be used was chosen the same way. Empties `left`. */
function drawAll(left: Load[], random: () => number): Load[] {
  const drawn: Load[] = [];
  while (left.length > 0) drawn.push(...left.splice(left.length === 1 ? 0 : drawOne(left, random), 1));
  return drawn;
}

function drawOne(left: readonly Load[], random: () => number): number {
  const one = Math.floor(random() * left.length);
  const other = (one + 1 + Math.floor(random() * (left.length - 1))) % left.length;
  return scoreOf(left[other]) < scoreOf(left[one]) ? other : one;
}

const scoreOf = (load: Load | undefined): number => (load?.averageMs ?? 0) * ((load?.underWay ?? 0) + 1);
