/** Asks the classifier that a route names, before its rules are looked at. Whatever goes wrong, the sidecar's own judgement stands. */
import type { PolicyClassifier } from '#contract/policy/policy';
import { isAboutKept } from '#sidecar/canonical/operation';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import { documentOf, judgedBy } from '#sidecar/classify/document';
import type { InputInspection } from '#sidecar/guardrails/guardrail';
import type { ClassifierOutcome } from '#sidecar/telemetry/request-record';
import { readWhole } from '#sidecar/upstream/read-whole';
import type { Upstream } from '#sidecar/upstream/upstream';
import type { Call } from './call.ts';
import type { Caller } from './identify.ts';
import { type CompiledRoute, routeOf, type Snapshot } from './policy/snapshot.ts';
import { classOf } from './request-class.ts';
import type { RequestRecorder } from './request-recorder.ts';

export interface ClassifierQuestion {
  readonly call: Call;
  readonly caller: Caller;
  readonly request: CanonicalRequest;
  readonly inspection: InputInspection;
  readonly log: RequestRecorder;
  readonly upstream: Upstream;
}

const LARGEST_ANSWER_BYTES = 4 * 1024;
/** The classifier stands under no tag, so that no exemption of a guardrail is for it. */
const UNTAGGED = { provider: '', model: '', tags: [] };
/** What weighed most, where its word counts. */
const BECAUSE = ['classifier'];

export interface RouteClassifier {
  readonly classifier: PolicyClassifier;
  readonly route: CompiledRoute;
}

/** Undefined: the route names none, or none of its rules asks what only a classifier may know better. */
export function classifierOf(request: CanonicalRequest, snapshot: Snapshot): RouteClassifier | undefined {
  if (isAboutKept(request)) return undefined;
  const route = routeOf(request.model, snapshot);
  const classifier = route?.asksContent === true ? route.policy.classifier : undefined;
  return route && classifier && { classifier, route };
}

/** Throws nothing but the cause of a cancelled request. */
export async function askClassifier(
  { classifier, route }: RouteClassifier,
  question: ClassifierQuestion,
): Promise<void> {
  const { call, request, inspection, log } = question;
  const local = classOf(question, route);
  const verdict = inspection.verdictFor(UNTAGGED);
  const shown =
    verdict.action === 'block' ? undefined : documentOf(verdict.action === 'mask' ? verdict.request : request, local);
  if (shown === undefined) return;
  const { outcome, judged } = await answerTo(Buffer.from(JSON.stringify(shown)), classifier, question);
  call.scope.throwIfCancelled();
  log.classifier = outcome;
  if (judged !== undefined) log.requestClass = { ...local, ...judged, because: BECAUSE };
}

interface Answered {
  readonly outcome: ClassifierOutcome;
  readonly judged?: ReturnType<typeof judgedBy>;
}

async function answerTo(
  body: Uint8Array,
  { url, deadlineMs }: PolicyClassifier,
  { call: { scope }, upstream }: ClassifierQuestion,
): Promise<Answered> {
  const abort = scope.beginAttempt();
  let isLate = false;
  const deadline = scope.deadlines.in(deadlineMs, () => {
    isLate = true;
    abort.abort();
  });
  const timeouts = { connectMs: deadlineMs, headersMs: deadlineMs, idleMs: deadlineMs };
  const headers = { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'remora' };
  try {
    const response = await upstream.send({ url, headers, body, timeouts, signal: abort });
    const bytes = await readWhole(response, LARGEST_ANSWER_BYTES);
    return response.status === 200 ? readAnswer(bytes) : { outcome: 'error' };
  } catch {
    return { outcome: isLate ? 'late' : 'error' };
  } finally {
    scope.deadlines.cancel(deadline);
    scope.endAttempt(abort);
  }
}

function readAnswer(bytes: Uint8Array): Answered {
  try {
    const judged = judgedBy(JSON.parse(Buffer.from(bytes).toString('utf8')));
    return judged === undefined ? { outcome: 'invalid' } : { outcome: 'used', judged };
  } catch {
    return { outcome: 'invalid' };
  }
}
