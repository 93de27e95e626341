/** OpenAI's Chat Completions API, and that of the many servers that imitate it, each with its row of options. */
import { sseFrames } from '#sidecar/stream/sse-frames';
import type { Wire } from '#sidecar/wires/wire';
import { decodeResponse } from './decode-response.ts';
import { type DecoderState, streamDecoder } from './decode-stream.ts';
import { encodeRequest, passthroughEdits } from './encode-request.ts';
import { hostedTools } from './hosted-tools.ts';
import { mapError } from './map-error.ts';
import { canPass } from './own-words.ts';
import type { WireOptions } from './wire-options.ts';

export const openaiChatWire = (options: WireOptions): Wire<DecoderState> => ({
  id: 'openai-chat',
  operation: 'chat',
  path: () => '/chat/completions',
  name: options.name,
  encodeRequest: (request, model, losses) => encodeRequest(options, request, { model, losses }),
  canPass: (client) => canPass(options, client),
  passthroughEdits: (body, changes) => passthroughEdits(options, body, changes),
  hostedTools,
  decodeResponse: (body) => decodeResponse(body, options),
  forwardedHeaders: ['openai-beta'],
  framing: sseFrames,
  streamDecoder: streamDecoder(options),
  mapError,
});
