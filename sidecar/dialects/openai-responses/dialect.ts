/** OpenAI's Responses API as clients speak it. What no service stores is remembered here for a while, so that clients can name it. */
import type { Dialect } from '#sidecar/dialects/dialect';
import { renderError } from '#sidecar/dialects/openai-chat/render-error';
import { limitHeaders } from '#sidecar/dialects/openai-limits';
import { DIALECT_ID } from './api-id.ts';
import { clientPaths } from './client-paths.ts';
import { decodeRequest, READ_KEYS } from './decode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { type EncoderState, streamEncoder } from './encode-stream.ts';
import { keeping } from './keeping.ts';
import { recall } from './recall.ts';
import { renderStreamError } from './render-stream-error.ts';
import { streamEnder } from './stream-ender.ts';

export const openaiResponses: Dialect<EncoderState> = {
  id: DIALECT_ID,
  operation: 'chat',
  // Without and with a doubled version, and as OpenAI-compatible servers and both doors of Azure OpenAI serve it: clients differ in what the base URL includes.
  paths: ['/v1/responses', '/responses', '/v1/v1/responses', '/openai/v1/responses', '/openai/responses'],
  readKeys: READ_KEYS,
  besideAnswer: [
    ...['stream', 'stream_options', 'user', 'safety_identifier', 'metadata', 'client_metadata'],
    ...['service_tier', 'prompt_cache_key', 'prompt_cache_options', 'prompt_cache_retention'],
  ],
  decodeRequest,
  keeping,
  recall,
  clientPaths,
  encodeResponse,
  writesImages: true,
  streamEncoder,
  limitHeaders,
  streamEnder,
  renderError,
  renderStreamError,
};
