/** Answers a request with why it would go where it would go, in place of sending it. */
import { REQUEST_HEADER, RESPONSE_HEADER } from '#contract/names/headers';
import type { SidecarConfig } from '#sidecar/config/sidecar-config';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Call } from '#sidecar/pipeline/call';
import { explain } from '#sidecar/pipeline/explain/explain';
import type { PipelineDeps } from '#sidecar/pipeline/handle';
import { errorAnswer } from '#sidecar/pipeline/render-failure';
import { FEEDBACK } from './feedback-endpoint.ts';

export type ExplainDeps = PipelineDeps & { readonly config: Pick<SidecarConfig, 'ingress'> };

/** Never rejects. No log line and no metric tells of it: nothing happened. */
export async function answerExplained(call: Call, deps: ExplainDeps): Promise<void> {
  const { reply, requestId, endpoint } = call;
  try {
    mayBeExplained(call, deps);
    const explanation = await explain(call, deps);
    const headers = { 'content-type': 'application/json', [RESPONSE_HEADER.requestId]: requestId };
    reply.whole(200, headers, `${JSON.stringify(explanation, undefined, 2)}\n`);
  } catch (thrown) {
    const error = RemoraError.from(thrown);
    if (error.code === 'internal') deps.onFault(thrown, requestId);
    const { status, headers, body } = errorAnswer(error, endpoint.dialect, requestId);
    reply.whole(status, headers, body);
  } finally {
    call.scope.close();
    call.body.release();
  }
}

/** Throws `invalid_request`. */
function mayBeExplained({ endpoint, headers }: Call, { config }: ExplainDeps): void {
  if (!LOOPBACK.test(config.ingress.host))
    throw notExplained('This sidecar explains nothing, since others than its own pod can reach it.');
  if (endpoint === FEEDBACK) throw notExplained('Feedback goes nowhere that could be explained.');
  if (headers[REQUEST_HEADER.callback] !== undefined)
    throw notExplained(`A job cannot be explained, and a request without ${REQUEST_HEADER.callback} can.`);
}

/** Of what acts at once, and has no target. Throws `invalid_request`. */
export function mustNotBeExplained(headers: Call['headers']): void {
  if (headers[REQUEST_HEADER.explain] !== undefined) throw notExplained('What is asked of a job cannot be explained.');
}

/** Policy is told, which is for the pod and whoever may enter it. */
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;

const notExplained = (why: string): RemoraError =>
  new RemoraError({
    code: 'invalid_request',
    message: `${why} Send this one without ${REQUEST_HEADER.explain}.`,
    param: REQUEST_HEADER.explain,
  });
