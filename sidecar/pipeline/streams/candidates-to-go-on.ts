/** Who may go on with an answer that broke off, and what they are asked: the request with the text so far as the beginning of the answer. */
import type { ChatRequest, Message } from '#sidecar/canonical/chat-request';
import type { OutputGuard } from '#sidecar/guardrails/guardrail';
import type { AttemptQuestion } from '#sidecar/pipeline/attempt';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import { conditionsOf, NO_CONDITIONS } from '#sidecar/pipeline/facts/conditions-of';
import { passGuardrails } from '#sidecar/pipeline/guarded-candidates';
import { inspectLarge } from '#sidecar/pipeline/large';
import type { Snapshot } from '#sidecar/pipeline/policy/snapshot';
import { passRequirements } from '#sidecar/pipeline/requirements';
import { SUPERSEDED } from '#sidecar/telemetry/request-record';

export interface GoOnQuestion {
  readonly beginning: string;
  /** As the client sent it. */
  readonly request: ChatRequest;
  readonly question: AttemptQuestion;
  readonly snapshot: Snapshot;
  /** What inspects the answer, joined. */
  readonly outputGuard: OutputGuard | null;
}

/** undefined: nobody is left. Throws `guardrail_blocked` and `no_compliant_target` where the text so far may be sent to nobody, and the cause of a cancel. */
export async function candidatesToGoOn(asking: GoOnQuestion): Promise<AttemptQuestion | undefined> {
  const { question, snapshot } = asking;
  const { selection, log, call, decoded } = question;
  // Who was late when another one began may well go on.
  const tried = log.attempts.map((each) => each.summary()).filter(({ outcome }) => outcome !== SUPERSEDED);
  const names = new Set(tried.map(({ target }) => target));
  const left = selection.candidates.filter((candidate) => isLeft(candidate, names, asking.outputGuard));
  if (left.length === 0) return undefined;
  const request = withBeginning(asking.request, asking.beginning);
  // What one model answered is what the next one is asked, so that it is held to what a request is held to.
  const inspection = await inspectLarge(request, snapshot, call.scope);
  const goingOn = { ...question, decoded: { ...decoded, request } };
  const candidates = passGuardrails(await compliant(left, goingOn, snapshot), { request, inspection, snapshot, log });
  return { ...goingOn, selection: { ...selection, candidates } };
}

async function compliant(
  candidates: readonly Candidate[],
  { call, caller, decoded, log, deps }: AttemptQuestion,
  snapshot: Snapshot,
): Promise<readonly Candidate[]> {
  const { reads } = snapshot;
  const asking = { call, caller, decoded, snapshot, log, now: deps.now };
  const conditions = reads === undefined ? NO_CONDITIONS : await conditionsOf({ ...asking, reads });
  const allowed = new Set(
    passRequirements(
      candidates.map(({ target }) => target),
      { snapshot, caller, conditions, log },
    ),
  );
  return candidates.filter(({ target }) => allowed.has(target));
}

/** Not asked yet, and whatever must inspect its answer does so already. */
const isLeft = ({ target, outputGuard }: Candidate, tried: ReadonlySet<string>, running: OutputGuard | null): boolean =>
  !tried.has(target.policy.name) &&
  (outputGuard === null || outputGuard.guardrails.every((each) => running?.guardrails.includes(each) === true));

/** A beginning that the client wrote itself stays the first part of it. */
function withBeginning(request: ChatRequest, beginning: string): ChatRequest {
  const last = request.messages.at(-1);
  const own = last?.isPrefill === true ? last : undefined;
  const before = own === undefined ? request.messages : request.messages.slice(0, -1);
  const message: Message = {
    role: 'assistant',
    ...own,
    parts: joinedParts(own?.parts ?? [], beginning),
    isPrefill: true,
  };
  return { ...request, messages: [...before, message], mustRewrite: true, mustGoOn: true };
}

/** One text, since APIs write separate ones on lines of their own. */
function joinedParts(parts: Message['parts'], beginning: string): Message['parts'] {
  const last = parts.at(-1);
  return last?.type === 'text'
    ? [...parts.slice(0, -1), { ...last, text: last.text + beginning }]
    : [...parts, { type: 'text', text: beginning }];
}
