/** Which targets of a rule may stand in for each other where answers of different models cannot be used together, as with embeddings. */
import { RemoraError } from '#sidecar/errors/remora-error';
import type { CompiledRule, CompiledTarget } from './snapshot.ts';

/** The model to ask a target for; `*` passes the asked name on. Throws `invalid_request` for a name that is no name. */
export function modelOf({ policy }: CompiledTarget, asked: string): string {
  if (policy.model !== '*') return policy.model;
  if (DOT_SEGMENT.test(asked)) throw noName();
  return asked;
}

/** Many APIs have the model in their path, where these would lead elsewhere (RFC 3986, section 5.2.4), with our credential. */
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/;

const noName = (): RemoraError =>
  new RemoraError({
    code: 'invalid_request',
    message: 'model must not have "." or ".." between slashes. Send the name of a model.',
    param: 'model',
  });

/** Whether a target has the rule's first model, as its author wrote it: the drawn order must not decide what vectors an index holds. */
export function isBoundModel(rule: CompiledRule, asked: string): (target: CompiledTarget) => boolean {
  const first = [...rule.targets, ...rule.fallbacks].find(({ policy }) => policy.weight !== 0);
  const model = first && modelOf(first, asked);
  return (target) => model === undefined || modelOf(target, asked) === model;
}
