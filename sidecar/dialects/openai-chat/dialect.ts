/** OpenAI's Chat Completions API as clients speak it. */
import type { Dialect } from '#sidecar/dialects/dialect';
import { keepingOfFiles } from '#sidecar/dialects/named-files';
import { limitHeaders } from '#sidecar/dialects/openai-limits';
import { openaiPaths } from '#sidecar/dialects/openai-paths';
import { clientPaths } from './client-paths.ts';
import { decodeRequest, READ_KEYS } from './decode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { type EncoderState, streamEncoder } from './encode-stream.ts';
import { renderError, renderStreamError } from './render-error.ts';
import { streamEnder } from './stream-ender.ts';

export const openaiChat: Dialect<EncoderState> = {
  id: 'openai-chat',
  operation: 'chat',
  paths: openaiPaths('/chat/completions'),
  readKeys: READ_KEYS,
  besideAnswer: [
    ...['stream', 'stream_options', 'user', 'safety_identifier'],
    ...['metadata', 'store', 'service_tier', 'prompt_cache_key', 'prompt_cache_retention'],
  ],
  decodeRequest,
  keeping: (request) => keepingOfFiles(request, 'openai-chat', 'openai-files'),
  clientPaths,
  encodeResponse,
  writesImages: true,
  streamEncoder,
  limitHeaders,
  streamEnder,
  renderError,
  renderStreamError,
};
