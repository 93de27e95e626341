/** Anthropic's Messages API. */
import { sseFrames } from '#sidecar/stream/sse-frames';
import type { Wire } from '#sidecar/wires/wire';
import { decodeResponse } from './decode-response.ts';
import { type DecoderState, streamDecoder } from './decode-stream.ts';
import { encodeRequest, passthroughEdits } from './encode-request.ts';
import { hostedTools } from './hosted-tools.ts';
import { mapError } from './map-error.ts';
import { WIRE_ID } from './seal.ts';

export const anthropicMessagesWire: Wire<DecoderState> = {
  id: WIRE_ID,
  operation: 'chat',
  name: 'Anthropic',
  path: () => '/v1/messages',
  encodeRequest,
  passthroughEdits,
  hostedTools,
  decodeResponse,
  forwardedHeaders: ['anthropic-beta', 'anthropic-version'],
  framing: sseFrames,
  streamDecoder,
  mapError,
};
