/** Which methods of a model this dialect serves, and in which form a stream is asked for. */

import type { PathValues } from '#sidecar/dialects/path-pattern';
import { RemoraError } from '#sidecar/errors/remora-error';
import { STREAM_ACTION } from './decode-request.ts';

const ACTIONS = ['generateContent', STREAM_ACTION];
/** For people: those that never come here. */
const OTHER_DIALECTS = ['countTokens', 'embedContent', 'batchEmbedContents'];

/** Throws `unknown_path` or `invalid_request`. */
export function checkTarget({ action = '' }: PathValues, query: URLSearchParams): void {
  if (!ACTIONS.includes(action))
    throw new RemoraError({
      code: 'unknown_path',
      message: `This method of a model is not served. Use one of ${[...ACTIONS, ...OTHER_DIALECTS].join(', ')}.`,
    });
  const form = query.get('alt') ?? query.get('$alt') ?? 'json';
  const served = action === STREAM_ACTION ? 'sse' : 'json';
  if (form !== served)
    throw new RemoraError({
      code: 'invalid_request',
      message:
        served === 'sse'
          ? 'Without alt=sse a stream would come as one JSON array, which is not served. Add ?alt=sse to the path, or use generateContent.'
          : `generateContent answers JSON alone. Leave alt=${form.replace(/\W/g, '?').slice(0, 20)} out, or use ${STREAM_ACTION}?alt=sse.`,
      param: 'alt',
    });
}
