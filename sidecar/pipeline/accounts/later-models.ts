/** What a batch may ask for: the models that the workload's AIRoutes have at that account and its AIPolicies allow, so that a batch is no way around them. */
import type { LaterCall } from '#sidecar/canonical/kept-request';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Caller } from '#sidecar/pipeline/identify';
import { deniedBy, resolvedName } from '#sidecar/pipeline/policy/model-rules';
import type { CompiledTarget } from '#sidecar/pipeline/policy/snapshot';
import { quoted } from '#sidecar/pipeline/quoted';

export interface LaterQuestion {
  /** Key of the AIProvider. */
  readonly provider: string;
  /** Of this account, of all routes. */
  readonly targets: readonly CompiledTarget[];
  readonly caller: Caller;
}

/** Throws `model_not_allowed` for the first call that may not be made. */
export function checkLaterCalls(calls: readonly LaterCall[], question: LaterQuestion): void {
  const allowed = new Set<string>();
  for (const call of calls) {
    if (allowed.has(call.model)) continue;
    checkCall(call, question);
    allowed.add(call.model);
  }
}

function checkCall({ model, place }: LaterCall, { provider, targets, caller }: LaterQuestion): void {
  const reaching = targets.filter(({ policy }) => policy.model === model || policy.model === '*');
  const deniers = reaching.map((target) => deniedBy(caller.modelRules, resolvedName(target, model)));
  if (deniers.includes(undefined)) return;
  const [denier] = deniers;
  const reason =
    denier === undefined
      ? `which no AIRoute of this workload has at AIProvider ${provider}`
      : `which AIPolicy ${denier} does not allow`;
  throw new RemoraError({
    code: 'model_not_allowed',
    message: `${place[0]?.toUpperCase()}${place.slice(1)} asks for ${quoted(model)}, ${reason}. Ask for ${known(targets, caller)}, or have the AIRoute changed.`,
    object: denier === undefined ? `AIProvider ${provider}` : `AIPolicy ${denier}`,
    param: place,
  });
}

const known = (targets: readonly CompiledTarget[], { modelRules }: Caller): string => {
  const allowed = targets.filter(({ policy }) => policy.model !== '*' && !deniedBy(modelRules, policy.name));
  const models = [...new Set(allowed.map(({ policy }) => policy.model))].toSorted();
  return models.length === 0
    ? 'an allowed model, as the provider names it'
    : `one of ${models.join(', ')}, as the provider names them`;
};
