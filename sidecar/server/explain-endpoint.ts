/** Answers a request with why it would go where it would go, in place of sending it. */
import { REQUEST_HEADER, RESPONSE_HEADER } from '#contract/names/headers';
import type { SidecarConfig } from '#sidecar/config/sidecar-config';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Call } from '#sidecar/pipeline/call';
import { explain } from '#sidecar/pipeline/explain/explain';
import type { PipelineDeps } from '#sidecar/pipeline/handle';
import { errorAnswer } from '#sidecar/pipeline/render-failure';

export type ExplainDeps = PipelineDeps & { readonly config: Pick<SidecarConfig, 'ingress'> };

/** Never rejects. No log line and no metric tells of it: nothing happened. */
export async function answerExplained(call: Call, deps: ExplainDeps): Promise<void> {
  const { reply, requestId, endpoint } = call;
  const refusal = refusalOf(call, deps);
  if (refusal !== undefined) {
    const { status, headers: told, body } = errorAnswer(refusal, endpoint.dialect, requestId);
    call.scope.close();
    call.body.release();
    return reply.whole(status, told, body);
  }
  const explanation = await explain(call, deps);
  const told = { 'content-type': 'application/json', [RESPONSE_HEADER.requestId]: requestId };
  reply.whole(200, told, `${JSON.stringify(explanation, undefined, 2)}\n`);
}

function refusalOf({ headers }: Call, { config }: ExplainDeps): RemoraError | undefined {
  if (!LOOPBACK.test(config.ingress.host)) return notFromAfar();
  return headers[REQUEST_HEADER.callback] === undefined ? undefined : notAsJob();
}

/** Policy is told, which is for the pod and whoever may enter it. */
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;

const notFromAfar = (): RemoraError =>
  new RemoraError({
    code: 'invalid_request',
    message: `This sidecar explains nothing, since others than its own pod can reach it. Send the request without ${REQUEST_HEADER.explain}.`,
    param: REQUEST_HEADER.explain,
  });

const notAsJob = (): RemoraError =>
  new RemoraError({
    code: 'invalid_request',
    message: `A job cannot be explained. Send the request with ${REQUEST_HEADER.explain} and without ${REQUEST_HEADER.callback}.`,
    param: REQUEST_HEADER.explain,
  });
