/** From a request with the callback header to the job that it asks for. What can be known at once is refused at once. */
import { REQUEST_HEADER } from '#contract/names/headers';
import { isAboutKept } from '#sidecar/canonical/operation';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Call } from '#sidecar/pipeline/call';
import { checkKeyModel } from '#sidecar/pipeline/caller-key';
import { decode } from '#sidecar/pipeline/decode';
import type { PipelineDeps } from '#sidecar/pipeline/handle';
import { identify, withClaims } from '#sidecar/pipeline/identify';
import { decodeLarge, isLarge } from '#sidecar/pipeline/large';
import { routeOf } from '#sidecar/pipeline/policy/snapshot';
import type { RequestRecorder } from '#sidecar/pipeline/request-recorder';
import { unknownModel } from '#sidecar/pipeline/select-route';
import type { JobFacts } from './job-entry.ts';
import { jobId } from './job-id.ts';
import type { JobRequest } from './job-store.ts';
import { wishOf } from './job-wish.ts';
import { keptHeaders } from './kept-headers.ts';

export interface PreparedJob {
  readonly facts: JobFacts;
  readonly request: JobRequest;
}

export interface JobQuestion {
  readonly call: Call;
  readonly log: RequestRecorder;
  readonly deps: Pick<PipelineDeps, 'policies' | 'now'>;
  /** 128 random bits in hexadecimal. */
  readonly random: string;
}

/** Throws what reading and decoding a request throw, and `key_unknown`, `model_not_allowed`, `unknown_model`, `invalid_request`, `callback_not_allowed`, `callback_unavailable`. */
export async function prepareJob({ call, log, deps, random }: JobQuestion): Promise<PreparedJob> {
  const { dialect, values, query } = call.endpoint;
  const body = await call.body.read();
  const snapshot = deps.policies.pin();
  const known = identify(call, snapshot, log, deps.now());
  const { request } = isLarge(body) ? await decodeLarge(body, call) : decode(body, call);
  if (isAboutKept(request)) throw aboutKept();
  withClaims(known, request, log);
  checkKeyModel(known.heldTo, request.model);
  const route = routeOf(request.model, snapshot);
  if (route === undefined) throw unknownModel(request.model, snapshot);
  const { key } = route.policy;
  const wish = wishOf(call.headers[REQUEST_HEADER.callback], route.policy, deps.policies.credentials);
  if (request.stream) throw streamed();
  const acceptedMs = deps.now();
  const { deadlineMs, retentionMs } = wish.callback;
  const headers = keptHeaders(call.headers, { route, model: request.model, reads: snapshot.reads });
  const { keyDigest } = call;
  const keyed = keyDigest === undefined ? {} : { keyDigest };
  return {
    facts: {
      id: jobId(dialect, random),
      requestId: call.requestId,
      route: key,
      acceptedMs,
      deadlineMs: acceptedMs + deadlineMs,
      retentionMs,
      bytes: body.length,
      posts: wish.address !== null,
    },
    request: { head: { values, query: query.toString(), headers, ...keyed, address: wish.address }, body },
  };
}

/** They are quick, and no route says whether it takes callbacks. */
const aboutKept = (): RemoraError =>
  new RemoraError({
    code: 'invalid_request',
    message: `A request about what an account keeps, such as a file or a batch, cannot become a job. Send it without ${REQUEST_HEADER.callback}.`,
  });

const streamed = (): RemoraError =>
  new RemoraError({
    code: 'invalid_request',
    message: `A request with ${REQUEST_HEADER.callback} cannot be streamed. Send it without stream, or without the header.`,
    param: 'stream',
  });
