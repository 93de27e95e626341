/** One attempt on one target: reserve, send, read until the answer is sure to be one. Settling follows when its use is known. */
import type { AttemptEstimate } from '#sidecar/budget/budget-gate';
import { isContentEvent } from '#sidecar/canonical/stream-event';
import { AttemptFailed } from '#sidecar/errors/attempt-failure';
import { brokenStreamError } from '#sidecar/errors/final-error';
import { isJsonObject, parseJson } from '#sidecar/json/body';
import type { AttemptQuestion } from '#sidecar/pipeline/attempt';
import type { RequestScope } from '#sidecar/pipeline/scope/request-scope';
import { readWhole } from '#sidecar/upstream/read-whole';
import { type CancelSignal, UpstreamFault, type UpstreamResponse } from '#sidecar/upstream/upstream';
import type { Answer, ItemSource, StreamAnswer } from './answer.ts';
import { AttemptRecorder } from './attempt-recorder.ts';
import type { StreamItem } from './lanes/lane.ts';
import type { Plan } from './plan.ts';
import { ProviderStream } from './provider-stream.ts';
import { exchangeFailed, malformed, refused } from './upstream-failure.ts';

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });
const SENT_HEADERS = { 'content-type': 'application/json', 'accept-encoding': 'identity', 'user-agent': 'remora' };

/** Throws RemoraError of the budget or of a cancelled request, and ClientGone. */
export async function sendAttempt(plan: Plan, question: AttemptQuestion): Promise<Answer | AttemptFailed> {
  const { scope } = question.call;
  const reservation = await question.deps.budgetGate.reserve(estimate(plan, question));
  const log = new AttemptRecorder(plan.candidate, plan.lane.name, reservation, question.deps.now());
  question.log.attempts.push(log);
  question.log.guardrailsFired(plan.candidate.maskedBy, 'Input');
  const abort = scope.beginAttempt();
  let expired = false;
  const firstContent = scope.deadlines.in(plan.candidate.target.policy.timeouts.firstTokenMs, () => {
    expired = true;
    abort.abort();
  });
  try {
    return await exchange({ plan, question, log, signal: abort });
  } catch (thrown) {
    abort.abort();
    const failed = thrown instanceof UpstreamFault ? exchangeFailed(plan.candidate, thrown, expired) : thrown;
    if (failed instanceof AttemptFailed) log.failed(failed.failure.kind, failed.billing, failed.failure.status);
    // The cause of a cancel explains the failure better than the broken exchange that follows from it.
    if (scope.cause === undefined && failed instanceof AttemptFailed) return failed;
    throw scope.cause ?? failed;
  } finally {
    scope.deadlines.cancel(firstContent);
  }
}

const estimate = (plan: Plan, { call, decoded, selection, snapshot }: AttemptQuestion): AttemptEstimate => ({
  requestId: call.requestId,
  route: selection.route.key,
  target: plan.candidate.target.policy,
  budgets: snapshot.policy.budgets,
  inputTokensAtMost: Math.max(decoded.bytes.length, plan.bytes.length),
  outputTokensAtMost: plan.outputTokensAtMost,
});

interface Exchange {
  readonly plan: Plan;
  readonly question: AttemptQuestion;
  readonly log: AttemptRecorder;
  readonly signal: CancelSignal;
}

async function exchange(running: Exchange): Promise<Answer> {
  const { plan, question, log, signal } = running;
  const { target, provider, credential } = plan.candidate;
  const { connectMs, firstTokenMs, idleMs } = target.policy.timeouts;
  log.sending();
  const response = await question.deps.upstream.send({
    url: provider.chatUrl,
    headers: { ...SENT_HEADERS, ...provider.adapter.headers(credential) },
    body: plan.bytes,
    timeouts: { connectMs, headersMs: firstTokenMs, idleMs },
    signal,
  });
  log.status = response.status;
  log.upstreamRequestId = response.headers[provider.adapter.requestIdHeader];
  if (response.status !== 200) throw await refused(plan.candidate, response, question.deps.now());
  return plan.candidate.request.stream ? openStream(running, response) : openWhole(running, response);
}

async function openWhole({ plan, log }: Exchange, response: UpstreamResponse): Promise<Answer> {
  const raw = await readWhole(response);
  const body = parseJson(UTF8.decode(raw));
  if (!isJsonObject(body)) throw malformed(plan.candidate, 'The body of the answer is not a JSON object.');
  try {
    const item = { response: plan.candidate.provider.adapter.decodeResponse(body), raw };
    log.answered(item.response);
    log.firstChunk();
    return { kind: 'whole', plan, log, item };
  } catch (cause) {
    throw malformed(plan.candidate, 'The body of the answer is not of this API.', cause);
  }
}

/** Reads until the first content event: up to here every failure may be repaired by another attempt, from here on none. */
async function openStream({ plan, question, log }: Exchange, response: UpstreamResponse): Promise<StreamAnswer> {
  const type = response.headers['content-type'];
  if (type !== undefined && /\b(html|json)\b/i.test(type)) {
    throw malformed(plan.candidate, 'The provider answered a document where a stream was asked for.');
  }
  const stream = new ProviderStream(plan.candidate, response, log);
  const opening: StreamItem[] = [];
  for (;;) {
    const items = await stream.read();
    if (items === null) throw malformed(plan.candidate, 'The stream held no content.');
    opening.push(...items);
    if (!items.some(({ events }) => events.some(isContentEvent))) continue;
    log.firstChunk();
    const source = new CommittedSource(opening, stream, { plan, log, scope: question.call.scope });
    return { kind: 'stream', plan, log, source, each: (item) => item };
  }
}

/** The stream after its commit point: whatever breaks now ends the answer. */
class CommittedSource implements ItemSource {
  #opening: readonly StreamItem[] | undefined;
  readonly #stream: ProviderStream;
  readonly #context: { readonly plan: Plan; readonly log: AttemptRecorder; readonly scope: RequestScope };

  constructor(
    opening: readonly StreamItem[],
    stream: ProviderStream,
    context: { readonly plan: Plan; readonly log: AttemptRecorder; readonly scope: RequestScope },
  ) {
    this.#opening = opening;
    this.#stream = stream;
    this.#context = context;
  }

  async read(): Promise<readonly StreamItem[] | null> {
    const opening = this.#opening;
    if (opening !== undefined) {
      this.#opening = undefined;
      return opening;
    }
    const { plan, log, scope } = this.#context;
    try {
      const items = await this.#stream.read();
      if (items === null) this.#stream.release(scope.deadlines);
      return items;
    } catch (thrown) {
      const failed = thrown instanceof UpstreamFault ? exchangeFailed(plan.candidate, thrown, false) : thrown;
      if (!(failed instanceof AttemptFailed)) throw thrown;
      log.outcome = failed.failure.kind;
      throw scope.cause ?? brokenStreamError(failed.failure);
    }
  }
}
