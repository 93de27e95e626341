/** Anthropic's Messages API as clients speak it. */
import type { Dialect } from '#sidecar/dialects/dialect';
import { keepingOfFiles } from '#sidecar/dialects/named-files';
import { API_ID } from './api-id.ts';
import { clientPaths } from './client-paths.ts';
import { decodeRequest, READ_KEYS } from './decode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { type EncoderState, streamEncoder } from './encode-stream.ts';
import { limitHeaders } from './limit-headers.ts';
import { renderError, renderStreamError } from './render-error.ts';
import { streamEnder } from './stream-ender.ts';

export const anthropicMessages: Dialect<EncoderState> = {
  id: API_ID,
  operation: 'chat',
  // Anthropic's own clients add `/v1` to their base URL and the Vercel AI SDK takes it as a part of it: each may have been given the other's.
  paths: ['/v1/messages', '/messages', '/v1/v1/messages'],
  readKeys: READ_KEYS,
  besideAnswer: ['stream', 'metadata', 'service_tier'],
  requestIdHeader: 'request-id',
  decodeRequest,
  keeping: (request) => keepingOfFiles(request, API_ID, 'anthropic-files'),
  clientPaths,
  encodeResponse,
  streamEncoder,
  limitHeaders,
  streamEnder,
  renderError,
  renderStreamError,
};
