/** What is not asked for twice for the sake of an answer: it does more than answer, or nobody waits for it. */
import { allOf } from '#sidecar/canonical/extensions';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Call } from './call.ts';

/** A job, an answer that is fetched later, or tools that the provider itself runs, and not the client. */
export function happensOnce({ patienceMs }: Pick<Call, 'patienceMs'>, request: CanonicalRequest): boolean {
  const isJob = patienceMs !== undefined;
  const isAnsweredLater = 'isAnsweredLater' in request && request.isAnsweredLater === true;
  return isJob || isAnsweredLater || runsTools(request);
}

const runsTools = (request: CanonicalRequest): boolean =>
  'extensions' in request &&
  Object.values(request.extensions).some((extension) =>
    Object.keys(allOf(extension)).some((name) => name === 'mcp_servers' || /^tools(\.|$)/.test(name)),
  );
