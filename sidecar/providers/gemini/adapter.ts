/** Google's Gemini API, called with an API key. */
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { geminiCountTokensWire } from '#sidecar/wires/gemini-count-tokens/gemini-count-tokens';
import { geminiGenerateContentWire } from '#sidecar/wires/gemini-generate-content/gemini-generate-content';
import { SHOWN_BY_GEMINI } from '#sidecar/wires/gemini-generate-content/shown-output';
import { batchEmbedContentsWire } from '#sidecar/wires/google-embed/batch-embed-contents';
import { embedContentWire } from '#sidecar/wires/google-embed/embed-content';

const NAME = 'the Gemini API';

/** A name with a slash is a resource of its own, such as `tunedModels/mine`. */
const modelPath = (model: string): string =>
  `/${(model.includes('/') ? model : `models/${model}`).split('/').map(encodeURIComponent).join('/')}`;

export const gemini: ProviderAdapter = {
  type: 'Gemini',
  telemetryName: 'gcp.gemini',
  wires: [
    geminiGenerateContentWire({ name: NAME, modelPath, hasCallIds: true }),
    geminiCountTokensWire({ name: NAME, modelPath, takesWhole: true }),
    batchEmbedContentsWire({ name: NAME, modelPath }),
    embedContentWire({ name: NAME, modelPath, hasConfig: false }),
  ],
  // A header: a key in the query would be in every access log.
  headers: ({ credential }): Readonly<Record<string, string>> =>
    credential === null ? {} : { 'x-goog-api-key': credential },
  shownOutput: SHOWN_BY_GEMINI,
};
