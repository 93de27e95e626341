/**
 * The soonest to answer, by the power of two choices (Mitzenmacher 2001): of two random targets the one with the lower time to first
 * content times its attempts under way. All sidecars together would otherwise flood whichever is fastest at the moment.
 */
import type { CompiledTarget } from '#sidecar/pipeline/policy/snapshot';
import { affinityId } from './affinity.ts';
import { rendezvous } from './rendezvous.ts';
import { type Strategy, tell } from './strategy.ts';

interface Load {
  readonly target: CompiledTarget;
  /** undefined: it never answered. */
  readonly averageMs: number | undefined;
  readonly underWay: number;
}

/** So many times the load of another target is one worth whose caches know the prompt. */
const WORTH_STAYING = 2;
/** Nobody notices what is sooner than this. */
const SOON_MS = 100;

export const leastLatency: Strategy = (rule, question) => {
  const { targets } = rule;
  if (targets.length < 2) return { targets };
  const loads = targets.map((target): Load => ({ target, ...question.latencies.of(target, question.request.stream) }));
  const home = homeOf(loads, affinityId(rule, question));
  const drawn = inOrder(home === undefined ? loads : loads.filter((load) => load !== home), question.random);
  const order = home === undefined ? drawn : [home, ...drawn];
  const by = home === undefined ? '' : `, by ${rule.affinity}`;
  return { targets: order.map(({ target }) => target), reason: `${tell(order, loadText)}${by}` };
};

/** The target that the id stays with; undefined where there is no id, or where another one is much sooner. */
function homeOf(loads: readonly Load[], id: string | undefined): Load | undefined {
  if (id === undefined) return undefined;
  const [target] = rendezvous(
    loads.map((load) => load.target),
    id,
    () => 1,
  );
  const home = loads.find((load) => load.target === target);
  if (home === undefined || isUntried(home)) return home;
  // One that nobody tried may be much sooner.
  if (home.averageMs === undefined || loads.some(isUntried)) return undefined;
  const known = loads.filter(({ averageMs }) => averageMs !== undefined);
  const best = Math.min(...known.map(scoreOf));
  return scoreOf(home) <= Math.max(SOON_MS, WORTH_STAYING * best) ? home : undefined;
}

function inOrder(loads: readonly Load[], random: () => number): readonly Load[] {
  const unknown = loads.filter(({ averageMs }) => averageMs === undefined);
  return [
    ...unknown.filter(isUntried),
    ...drawAll(
      loads.filter(({ averageMs }) => averageMs !== undefined),
      random,
    ),
    // One request finds out how a target is; others wait for that.
    ...unknown.filter(({ underWay }) => underWay > 0).sort((a, b) => a.underWay - b.underWay),
  ];
}

const isUntried = ({ averageMs, underWay }: Load): boolean => averageMs === undefined && underWay === 0;

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
