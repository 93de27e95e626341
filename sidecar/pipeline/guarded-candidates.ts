/** What the guardrails leave of a route's targets: each with the request as it may see it, and who inspects its answer. */
import type { PolicyGuardrail } from '#contract/policy/policy';
import { operationOf } from '#sidecar/canonical/operation';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { CredentialSource } from '#sidecar/credentials/credential-source';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { GuardedTarget, InputInspection, InputVerdict, OutputGuard } from '#sidecar/guardrails/guardrail';
import type { Candidate, CandidateWatch } from './attempts/candidate.ts';
import { modelOf } from './policy/bound-model.ts';
import type { CompiledTarget, Snapshot } from './policy/snapshot.ts';
import type { RequestRecorder } from './request-recorder.ts';

/** A target whose credential is at hand. */
export interface UsableTarget {
  readonly target: CompiledTarget;
  readonly credential: string | null;
  readonly source: CredentialSource | null;
}

export interface GuardQuestion {
  readonly request: CanonicalRequest;
  readonly inspection: InputInspection;
  readonly snapshot: Snapshot;
  readonly log: RequestRecorder;
}

/** At least one. Throws `guardrail_blocked`. */
export function passGuardrails(usable: readonly UsableTarget[], question: GuardQuestion): Candidate[] {
  const candidates: Candidate[] = [];
  let refusal: RemoraError | undefined;
  for (const one of usable) {
    const judged = judge(one, question);
    if (!(judged instanceof RemoraError)) candidates.push(judged);
    else {
      question.log.leaveOut(one.target, { reason: 'Guardrail', error: judged });
      refusal ??= judged;
    }
  }
  if (candidates.length === 0) throw refusal ?? guardrailBlocked(undefined);
  return candidates;
}

function judge({ target, credential, source }: UsableTarget, question: GuardQuestion): Candidate | RemoraError {
  const { inspection, request, log } = question;
  const { key: provider, tags } = target.provider.policy;
  const model = modelOf(target, request.model);
  const guarded = { provider, model, tags };
  const verdict = inspection.verdictFor(guarded);
  if (verdict.action === 'block') {
    log.guardrailsFired(verdict.fired, 'Input');
    return blocked(verdict);
  }
  const fixed = verdict.action === 'mask' ? operationOf(request).fixedText?.(request) : undefined;
  if (verdict.action === 'mask' && fixed !== undefined) {
    log.guardrailsFired(verdict.fired, 'Input');
    return textFixed(fixed, verdict.fired[0]);
  }
  const outputGuard = outputGuardOf(guarded, question);
  if (outputGuard instanceof RemoraError) return outputGuard;
  return {
    target,
    provider: target.provider,
    model,
    credential,
    source,
    request: verdict.action === 'mask' ? verdict.request : request,
    maskedBy: verdict.action === 'mask' ? verdict.fired : [],
    outputGuard,
    ...(question.snapshot.guardrails.hasObserved && watchOf(guarded, question)),
  };
}

/** Nothing where no guardrail that is observed has found or will see anything. */
function watchOf(guarded: GuardedTarget, question: GuardQuestion): { readonly watch?: CandidateWatch } {
  const { inspection, request, snapshot } = question;
  const found = inspection.observedFor(guarded);
  const output = operationOf(request).answerText === 'none' ? null : snapshot.guardrails.outputWatch(guarded);
  if (found.length === 0 && output === null) return {};
  if (output !== null && isUnread(request)) return { watch: { found: [...found, ...output.guardrails], output: null } };
  return { watch: { found, output } };
}

/** Nobody here looks at what is answered to it. */
const isUnread = (request: CanonicalRequest): boolean =>
  operationOf(request).answerText === 'unread' || ('isAnsweredLater' in request && request.isAnsweredLater === true);

/** null: nobody inspects the answer. */
function outputGuardOf(guarded: GuardedTarget, { request, snapshot }: GuardQuestion): OutputGuard | RemoraError | null {
  const { answerText } = operationOf(request);
  const guard = answerText === 'none' ? null : snapshot.guardrails.outputGuard(guarded);
  return guard !== null && isUnread(request) ? answerUnread(request, guarded) : guard;
}

function blocked({ fired, unreadable }: Extract<InputVerdict, { action: 'block' }>): RemoraError {
  const by = fired.find(({ action }) => action === 'Block') ?? fired[0];
  return unreadable === undefined ? guardrailBlocked(by) : textUnreadable(unreadable, by);
}

type Blocker = Pick<PolicyGuardrail, 'policy' | 'name'> | undefined;

const objectOf = (by: Blocker): string =>
  by === undefined ? 'an AIPolicy' : `AIPolicy ${by.policy} guardrail ${by.name}`;

const textUnreadable = (path: string, by: Blocker): RemoraError =>
  new RemoraError({
    code: 'guardrail_blocked',
    message: `${path} holds what ${objectOf(by)} cannot inspect, such as token ids or a file. Send it as text, or have the AIProvider exempted by a tag that the guardrail names under unlessTags.`,
    object: objectOf(by),
    param: path,
  });

const textFixed = (path: string, by: Blocker): RemoraError =>
  new RemoraError({
    code: 'guardrail_blocked',
    message: `${path} holds what ${objectOf(by)} masks, and a file is sent as it is or not at all. Remove what it looks for and send the file again.`,
    object: objectOf(by),
    param: path,
  });

const answerUnread = ({ operation }: CanonicalRequest, { provider }: GuardedTarget): RemoraError =>
  new RemoraError({
    code: 'guardrail_blocked',
    message: `The output guardrails of this workload cannot inspect what AIProvider ${provider} answers to ${operation.replace('_', ' ')} requests. Have the AIProvider exempted by a tag that the guardrails name under unlessTags, or use another one.`,
    object: `AIProvider ${provider}`,
  });

function guardrailBlocked(by: Blocker): RemoraError {
  const object = objectOf(by);
  return new RemoraError({
    code: 'guardrail_blocked',
    message: `The request was blocked by ${object}. Remove what it looks for and send the request again.`,
    object,
  });
}
