/** A selection for whom nobody waits at the other end: one long time in place of all timeouts that tell a slow answer from none. */
import type { PolicyRoute } from '#contract/policy/policy';
import type { Candidate } from './attempts/candidate.ts';
import type { Selection } from './select-route.ts';

/** Only reaching a provider stays bounded as its target says. */
export const unhurried = ({ route, candidates, ...selection }: Selection, patienceMs: number): Selection => ({
  ...selection,
  route: { ...route, policy: { ...route.policy, totalMs: patienceMs, ...waiting(route.policy, patienceMs) } },
  candidates: candidates.map((candidate) => patient(candidate, patienceMs)),
});

/** How many there are of those is bounded where they come from. */
function waiting({ concurrency }: PolicyRoute, patienceMs: number): Pick<PolicyRoute, 'concurrency'> {
  if (concurrency === undefined) return {};
  const forLong = { queue: Number.MAX_SAFE_INTEGER, deadlineMs: patienceMs };
  const { fleet, perPod } = concurrency;
  return {
    concurrency: {
      ...(fleet && { fleet: { ...fleet, ...forLong } }),
      ...(perPod && { perPod: { ...perPod, ...forLong } }),
    },
  };
}

function patient(candidate: Candidate, patienceMs: number): Candidate {
  const { target } = candidate;
  const { connectMs } = target.policy.timeouts;
  const timeouts = { connectMs, firstTokenMs: patienceMs, idleMs: patienceMs };
  return { ...candidate, target: { ...target, policy: { ...target.policy, timeouts } } };
}
