/** Google's generateContent API as clients of the Gemini API and of Vertex AI speak it. */
import type { Dialect } from '#sidecar/dialects/dialect';
import { API_ID } from './api-id.ts';
import { checkTarget } from './check-target.ts';
import { clientPaths } from './client-paths.ts';
import { decodeRequest, READ_KEYS } from './decode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { type EncoderState, streamEncoder } from './encode-stream.ts';
import { renderError, renderStreamError } from './render-error.ts';

export const geminiGenerateContent: Dialect<EncoderState> = {
  id: API_ID,
  operation: 'chat',
  paths: [
    '/v1beta/models/{model}:{action}',
    '/v1/models/{model}:{action}',
    // Vertex AI, without a project (a custom base URL) and with one.
    '/v1beta1/publishers/google/models/{model}:{action}',
    '/v1/publishers/google/models/{model}:{action}',
    '/v1beta1/projects/{project}/locations/{location}/publishers/google/models/{model}:{action}',
    '/v1/projects/{project}/locations/{location}/publishers/google/models/{model}:{action}',
  ],
  checkTarget,
  readKeys: READ_KEYS,
  decodeRequest,
  clientPaths,
  encodeResponse,
  writesImages: true,
  streamEncoder,
  renderError,
  renderStreamError,
};
