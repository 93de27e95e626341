/** Counts the sidecars that run an object's present generation, of those that should, and says who is missing and why. Pure. */
import { CONDITION, REASON } from '#contract/names/conditions';
import type { Condition } from '#contract/resources/fields';
import type { WantedCondition } from './conditions.ts';

/** One injected, not terminating pod that matches the object. */
export interface MatchingSidecar {
  /** `namespace/name` of the pod. */
  readonly pod: string;
  readonly connected: boolean;
  /** Whether any replica has a word about it; none has just after all of them started anew. */
  readonly heard: boolean;
  /** The generation of this object in the policy that the sidecar runs; undefined when it is not in it. */
  readonly generation: number | undefined;
  /** Why it refused the newest policy; undefined when it did not. */
  readonly refusal: string | undefined;
}

export interface Programmed {
  readonly condition: WantedCondition;
  /** `N/M`. */
  readonly count: string;
  /** Sidecars are missing, and of none of them anything was heard. */
  readonly unheard: boolean;
}

const MAX_NAMED = 5;

/** `effective` is the generation that policies carry: an older one when the present one was not accepted. */
export function programmed(
  generation: number,
  sidecars: readonly MatchingSidecar[],
  effective: number = generation,
): Programmed {
  const missing = sidecars.filter((sidecar) => sidecar.generation !== generation);
  const count = `${sidecars.length - missing.length}/${sidecars.length}`;
  if (sidecars.length === 0)
    return { condition: of('True', REASON.noWorkloads, 'No injected pod matches.'), count, unheard: false };
  if (effective !== generation) return notAccepted(generation, sidecars, effective);
  const running = `${count} sidecars run generation ${generation}`;
  if (missing.length === 0) return { condition: of('True', REASON.programmed, running), count, unheard: false };
  const refused = missing.some(({ refusal }) => refusal !== undefined);
  const message = [running, ...stragglers(missing)].join('; ');
  const condition = of('False', refused ? REASON.rejected : REASON.pending, message);
  return { condition, count, unheard: missing.every(({ heard }) => !heard) };
}

/**
 * An operator that has just started has not heard from sidecars that run what it wrote before. Until they had time to come back, its
 * former word stands, if it was that all of as many pods run this generation.
 */
export function formerWord(
  wanted: Programmed,
  generation: number,
  present: { readonly conditions?: readonly Condition[]; readonly programmed?: unknown } | undefined,
): Programmed | undefined {
  const before = present?.conditions?.find(({ type }) => type === CONDITION.programmed);
  const [, all] = wanted.count.split('/');
  const stands =
    wanted.unheard &&
    before?.reason === REASON.programmed &&
    before.observedGeneration === generation &&
    present?.programmed === `${all}/${all}`;
  if (!stands) return undefined;
  return { condition: of(before.status, before.reason, before.message), count: `${all}/${all}`, unheard: true };
}

function notAccepted(generation: number, sidecars: readonly MatchingSidecar[], effective: number): Programmed {
  const kept = sidecars.filter((sidecar) => sidecar.generation === effective).length;
  const message = `Generation ${generation} is not accepted; ${kept}/${sidecars.length} sidecars run generation ${effective}`;
  return { condition: of('False', REASON.invalid, message), count: `0/${sidecars.length}`, unheard: false };
}

const of = (status: WantedCondition['status'], reason: string, message: string): WantedCondition => ({
  type: CONDITION.programmed,
  status,
  reason,
  message,
});

/** Refusals first, since they need somebody to act; the order is by name, so that the message does not flicker. */
function stragglers(missing: readonly MatchingSidecar[]): string[] {
  const byName = [...missing].sort((a, b) => (a.pod < b.pod ? -1 : 1));
  const refused = byName.filter(({ refusal }) => refusal !== undefined);
  const waiting = byName.filter(({ refusal }) => refusal === undefined);
  const named = [...refused, ...waiting].slice(0, MAX_NAMED);
  const parts = named
    .filter(({ refusal }) => refusal !== undefined)
    .map(({ pod, refusal }) => `${pod} refused it: ${refusal}`);
  const names = named
    .filter(({ refusal }) => refusal === undefined)
    .map(({ pod, connected }) => `${pod} (${connected ? 'connected, not acknowledged' : 'not connected'})`);
  if (names.length > 0) parts.push(`waiting for ${names.join(', ')}`);
  if (missing.length > named.length) parts.push(`and ${missing.length - named.length} more`);
  return parts;
}
