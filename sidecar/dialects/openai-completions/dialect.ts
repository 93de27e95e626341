/** OpenAI's legacy completions API as clients speak it. */
import type { Dialect } from '#sidecar/dialects/dialect';
import { renderError, renderStreamError } from '#sidecar/dialects/openai-chat/render-error';
import { limitHeaders } from '#sidecar/dialects/openai-limits';
import { openaiPaths } from '#sidecar/dialects/openai-paths';
import { decodeRequest, READ_KEYS } from './decode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { type EncoderState, streamEncoder } from './encode-stream.ts';

export const openaiCompletions: Dialect<EncoderState, 'text_completion'> = {
  id: 'openai-completions',
  operation: 'text_completion',
  paths: openaiPaths('/completions'),
  readKeys: READ_KEYS,
  besideAnswer: ['stream', 'stream_options', 'user'],
  decodeRequest,
  encodeResponse,
  streamEncoder,
  limitHeaders,
  renderError,
  renderStreamError,
};
