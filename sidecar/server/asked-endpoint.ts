/** What a head asks for: the endpoint of a path and a method, or why there is none. */
import type { IncomingMessage } from 'node:http';
import { FEEDBACK_PATH } from '#contract/names/headers';
import { DIALECTS, type Endpoint, endpointAt, methodsAt } from '#sidecar/dialects/index';
import { MODEL_LIST_PATHS } from '#sidecar/dialects/openai-chat/model-list';
import { RemoraError } from '#sidecar/errors/remora-error';
import { FEEDBACK } from './feedback-endpoint.ts';
import { queryOf } from './request-head.ts';

type Asked = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** Throws `method_not_allowed`, `unknown_path` and what the dialect refuses. */
export function askedEndpoint(path: string, { method = '', url = '', headers }: Asked): Endpoint {
  if (path === FEEDBACK_PATH && method === 'POST') return FEEDBACK;
  const endpoint = endpointAt(path, { method, headers });
  if (endpoint === undefined) throw notServed(path);
  const asked = path.length === url.length ? endpoint : { ...endpoint, query: queryOf(url) };
  asked.dialect.checkTarget?.(asked.values, asked.query);
  return asked;
}

function notServed(path: string): RemoraError {
  const allowed = path === FEEDBACK_PATH ? ['POST'] : methodsAt(path);
  if (allowed.length > 0) return methodNotAllowed(allowed);
  const paths = new Set(DIALECTS.flatMap((dialect) => dialect.paths.slice(0, 1)));
  const served = [...paths, ...MODEL_LIST_PATHS.slice(0, 1), FEEDBACK_PATH];
  return new RemoraError({
    code: 'unknown_path',
    message: `Nothing is served on this path. Use one of ${served.join(', ')}.`,
  });
}

export const methodNotAllowed = (allowed: readonly string[]): RemoraError =>
  new RemoraError({
    code: 'method_not_allowed',
    message: `This path is not served with the method of the request. Use ${allowed.join(' or ')}.`,
    headers: { allow: allowed.join(', ') },
  });
