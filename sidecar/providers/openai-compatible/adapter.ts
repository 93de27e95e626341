/** To be filled in a moment: only the name is settled. */
import type { ProviderAdapter } from '#sidecar/providers/adapter';

const notWritten = (): never => {
  throw new Error('not written yet');
};

export const openaiCompatible: ProviderAdapter = {
  type: 'OpenAICompatible',
  telemetryName: 'openai_compatible',
  defaultEndpoint: 'http://127.0.0.1:8000/v1',
  nativeDialect: null,
  chatPath: '/chat/completions',
  headers: notWritten,
  encodeRequest: notWritten,
  decodeResponse: notWritten,
  streamDecoder: { start: notWritten, step: notWritten },
  readUsage: notWritten,
  mapError: notWritten,
  requestIdHeader: 'x-request-id',
};
