/** OpenAI's Chat Completions API as clients speak it. */
import type { Dialect } from '#sidecar/dialects/dialect';
import { clientPaths } from './client-paths.ts';
import { decodeRequest, READ_KEYS } from './decode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { type EncoderState, streamEncoder } from './encode-stream.ts';
import { renderError, renderStreamError } from './render-error.ts';

export const openaiChat: Dialect<EncoderState> = {
  id: 'openai-chat',
  operation: 'chat',
  // Without and with a doubled version: clients differ in whether the base URL includes it.
  paths: [
    '/v1/chat/completions',
    '/chat/completions',
    '/v1/v1/chat/completions',
    // As clients of Azure OpenAI ask, through either of its doors; the last where their base URL is OpenAI's variable.
    '/openai/v1/chat/completions',
    '/openai/deployments/{model}/chat/completions',
    '/v1/deployments/{model}/chat/completions',
  ],
  readKeys: READ_KEYS,
  decodeRequest,
  clientPaths,
  encodeResponse,
  writesImages: true,
  streamEncoder,
  renderError,
  renderStreamError,
};
