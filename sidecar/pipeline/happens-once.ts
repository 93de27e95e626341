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

/** What the canonical request says too, such as functions, runs at the client. */
const runsTools = (request: CanonicalRequest): boolean =>
  'extensions' in request &&
  Object.values(request.extensions).some((extension) =>
    Object.keys(extension === undefined ? {} : allOf({ ...extension, restated: {} })).some(
      (name) => RUN_BY_PROVIDER.has(name) || /^tools(\.|$)/.test(name),
    ),
  );

/** Servers of tools, and a search that is asked for without a tool. */
const RUN_BY_PROVIDER: ReadonlySet<string> = new Set(['mcp_servers', 'web_search_options']);
