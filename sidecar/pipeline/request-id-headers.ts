/** What of a request every answer names, errors too. */
import { RESPONSE_HEADER } from '#contract/names/headers';
import type { AnyDialect } from '#sidecar/dialects/dialect';
import type { RequestRecorder } from './request-recorder.ts';

/** The id, under our name and under the one that clients of its API read. */
export const requestIdHeaders = ({ requestIdHeader }: AnyDialect, requestId: string): Record<string, string> => ({
  [RESPONSE_HEADER.requestId]: requestId,
  ...(requestIdHeader !== undefined && { [requestIdHeader]: requestId }),
});

export const variantHeader = ({ variant }: Pick<RequestRecorder, 'variant'>): Record<string, string> =>
  variant === undefined ? {} : { [RESPONSE_HEADER.variant]: variant };
