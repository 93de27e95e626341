/** Google's generateContent API, as the Gemini API and Vertex AI speak it. */
import { sseFrames } from '#sidecar/stream/sse-frames';
import type { Wire } from '#sidecar/wires/wire';
import { decodeResponse } from './decode-response.ts';
import { type DecoderState, streamDecoder } from './decode-stream.ts';
import { encodeRequest } from './encode-request.ts';
import { hostedTools } from './hosted-tools.ts';
import { mapError } from './map-error.ts';
import { passthroughEdits } from './passthrough.ts';
import { WIRE_ID } from './seal.ts';
import type { WireOptions } from './wire-options.ts';

export const geminiGenerateContentWire = (options: WireOptions): Wire<DecoderState> => ({
  id: WIRE_ID,
  operation: 'chat',
  name: options.name,
  // Without `alt=sse` a stream comes as a JSON array.
  path: (model, stream) =>
    `${options.modelPath(model)}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  encodeRequest: (request, model, losses) => encodeRequest(options, request, { model, losses }),
  passthroughEdits: (body, changes) => passthroughEdits(options, body, changes),
  hostedTools,
  forwardedHeaders: [],
  decodeResponse,
  framing: sseFrames,
  streamDecoder,
  mapError,
});
