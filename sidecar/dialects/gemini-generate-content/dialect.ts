/** Google's generateContent API as clients of the Gemini API and of Vertex AI speak it. */
import type { Dialect } from '#sidecar/dialects/dialect';
import { googlePaths } from '#sidecar/dialects/google-paths';
import { API_ID } from './api-id.ts';
import { checkTarget } from './check-target.ts';
import { clientPaths } from './client-paths.ts';
import { decodeRequest, READ_KEYS } from './decode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { type EncoderState, streamEncoder } from './encode-stream.ts';
import { renderError, renderStreamError } from './render-error.ts';
import { streamEnder } from './stream-ender.ts';

export const geminiGenerateContent: Dialect<EncoderState> = {
  id: API_ID,
  operation: 'chat',
  paths: googlePaths('{action}'),
  checkTarget,
  readKeys: READ_KEYS,
  besideAnswer: ['labels', 'serviceTier'],
  decodeRequest,
  clientPaths,
  encodeResponse,
  writesImages: true,
  streamEncoder,
  streamEnder,
  renderError,
  renderStreamError,
};
