/** OpenAI's Responses API. */
import { sseFrames } from '#sidecar/stream/sse-frames';
import { mapError } from '#sidecar/wires/openai-chat/map-error';
import type { Wire } from '#sidecar/wires/wire';
import { decodeResponse } from './decode-response.ts';
import { type DecoderState, streamDecoder } from './decode-stream.ts';
import { encodeRequest, passthroughEdits } from './encode-request.ts';
import { hostedTools } from './hosted-tools.ts';
import { WIRE_ID } from './seal.ts';

/** `name`: of the service, for messages to people. */
export const openaiResponsesWire = ({ name }: { readonly name: string }): Wire<DecoderState> => ({
  id: WIRE_ID,
  operation: 'chat',
  name,
  path: () => '/responses',
  encodeRequest,
  passthroughEdits,
  hostedTools,
  decodeResponse,
  forwardedHeaders: ['openai-beta'],
  framing: sseFrames,
  streamDecoder,
  keepsAnswers: true,
  mapError,
});
