/** Where apps say what an answer was worth: `POST /v1/feedback`. Counted by route, target and variant; a comment goes nowhere. */
import { z } from 'zod';
import { fieldText, problemsOfIssues } from '#contract/compile/problem';
import { RESPONSE_HEADER } from '#contract/names/headers';
import { DIALECTS, type Endpoint } from '#sidecar/dialects/index';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Call } from '#sidecar/pipeline/call';
import { readContent } from '#sidecar/pipeline/content';
import type { Feedback, RatedAnswers } from '#sidecar/pipeline/experiments/rated-answers';
import { errorAnswer } from '#sidecar/pipeline/render-failure';

/** Of no dialect: errors are told as to whoever named none. */
export const FEEDBACK: Endpoint = { dialect: DIALECTS[0], values: {}, query: new URLSearchParams() };
export const FEEDBACK_BYTES = 16 * 1024;

const LONGEST_COMMENT = 4_096;
const MOST_LABELS = 8;
const LABEL = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const SCORES = { up: 1, down: 0 } as const;

const label = z.string().regex(LABEL, 'must be at most 63 letters, digits, "-", "_" and "."');

const body = z
  .strictObject(
    {
      request_id: z.string().min(1).max(256),
      rating: z.enum(['up', 'down']).optional(),
      score: z.number().min(0).max(1).optional(),
      comment: z.string().max(LONGEST_COMMENT).optional(),
      labels: z
        .record(label, label)
        .refine((labels) => Object.keys(labels).length <= MOST_LABELS, `must have at most ${MOST_LABELS} entries`)
        .optional(),
    },
    {
      error: ({ code }) =>
        code === 'unrecognized_keys'
          ? 'must have no members but request_id, rating, score, comment and labels'
          : undefined,
    },
  )
  .refine(({ rating, score }) => (rating === undefined) !== (score === undefined), {
    message: 'must have either rating or score',
    when: ({ issues }) => issues.length === 0,
  });

/** What the log and the metrics are told. */
export interface LabelledFeedback extends Feedback {
  readonly labels?: Readonly<Record<string, string>>;
}

export interface FeedbackDeps {
  readonly answers: RatedAnswers;
  readonly onFeedback: (feedback: LabelledFeedback) => void;
  readonly onFault: (cause: unknown, requestId: string) => void;
}

/** Never rejects. */
export async function answerFeedback(call: Call, deps: FeedbackDeps): Promise<void> {
  const { requestId, reply, scope } = call;
  try {
    take(await call.body.read(), deps);
    reply.whole(204, { [RESPONSE_HEADER.requestId]: requestId }, '');
  } catch (thrown) {
    const error = RemoraError.from(scope.cause ?? thrown);
    if (error.code === 'internal') deps.onFault(thrown, requestId);
    const answer = errorAnswer(error, FEEDBACK.dialect, requestId);
    reply.whole(answer.status, answer.headers, answer.body);
  } finally {
    scope.close();
    call.body.release();
  }
}

/** Throws `invalid_json`, `duplicate_key`, `invalid_request` or `unknown_request`. */
function take(bytes: Uint8Array, { answers, onFeedback }: FeedbackDeps): void {
  const { body: said } = readContent('json', { bytes, type: undefined, readKeys: Object.keys(body.shape) });
  const parsed = body.safeParse(said);
  if (!parsed.success) throw malformed(parsed.error, said);
  const { request_id, rating, score = SCORES[rating ?? 'down'], labels } = parsed.data;
  const rated = answers.rate(request_id, score);
  if (rated === 'unknown') throw unknownRequest();
  if (rated !== 'again') onFeedback({ ...rated, ...(labels && { labels }) });
}

function malformed({ issues }: z.ZodError, said: unknown): RemoraError {
  const [problem = { path: [], message: 'is malformed' }] = problemsOfIssues(issues, said);
  const field = fieldText(problem.path);
  return new RemoraError({
    code: 'invalid_request',
    message: `${field === '' ? 'The body' : field} ${problem.message}. Correct it and send the feedback again.`,
    ...(field !== '' && { param: field }),
  });
}

const unknownRequest = (): RemoraError =>
  new RemoraError({
    code: 'unknown_request',
    message: `This sidecar remembers no answer of that request: it is too long ago, or another pod gave it. Send the ${RESPONSE_HEADER.requestId} of one of the newest answers of this pod.`,
    param: 'request_id',
  });
