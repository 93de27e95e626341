/** OpenAI's Chat Completions API as clients speak it. */
import type { Dialect } from '#sidecar/dialects/dialect';

const notWritten = (): never => {
  throw new Error('not written yet');
};

export const openaiChat: Dialect = {
  id: 'openai-chat',
  paths: ['/v1/chat/completions', '/chat/completions', '/v1/v1/chat/completions'],
  readKeys: ['model', 'messages', 'stream', 'stream_options', 'max_tokens', 'max_completion_tokens'],
  decodeRequest: notWritten,
  encodeResponse: notWritten,
  streamEncoder: { start: notWritten, step: notWritten },
  renderError: notWritten,
  renderStreamError: notWritten,
};
