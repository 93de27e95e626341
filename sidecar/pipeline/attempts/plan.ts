/** How one attempt is made: which lane, with which bytes. */

import type { DecodedRequest } from '#sidecar/pipeline/decode';
import type { Candidate } from './candidate.ts';
import type { Lane } from './lanes/lane.ts';
import { passthrough } from './lanes/passthrough.ts';
import { translate } from './lanes/translate.ts';

/** Output tokens of one choice when the client states no maximum and a budget must know one. */
const DEFAULT_MAX_OUTPUT_TOKENS = 4096;

export interface Plan {
  readonly candidate: Candidate;
  readonly lane: Lane;
  readonly bytes: Uint8Array;
  readonly dropped: readonly string[];
  /** Of all choices together. */
  readonly outputTokensAtMost: number;
}

/** `bounded`: a budget applies. Throws `unsupported_parameter` when the target cannot express the request. */
export function planAttempt(candidate: Candidate, decoded: DecodedRequest, bounded: boolean): Plan {
  const { request, provider, model } = candidate;
  const lane = laneFor(candidate, decoded);
  const maxOutputTokens = bounded && request.maxOutputTokens === undefined ? DEFAULT_MAX_OUTPUT_TOKENS : undefined;
  const { bytes, dropped } = lane.outgoing({
    bytes: decoded.bytes,
    members: decoded.members,
    body: decoded.body,
    request,
    adapter: provider.adapter,
    model,
    maxOutputTokens,
  });
  const perChoice = request.maxOutputTokens ?? DEFAULT_MAX_OUTPUT_TOKENS;
  return { candidate, lane, bytes, dropped, outputTokensAtMost: perChoice * (request.choiceCount ?? 1) };
}

function laneFor({ provider, maskedBy, outputGuard }: Candidate, { dialect }: DecodedRequest): Lane {
  const untouched = maskedBy.length === 0 && outputGuard === null;
  return untouched && provider.adapter.nativeDialect === dialect.id ? passthrough : translate;
}
