/** Google Cloud's Vertex AI: models of several publishers, each in its publisher's API, called with an access token. */
import type { PolicyProvider } from '#contract/policy/policy';
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { bearerKey } from '#sidecar/providers/bearer-key';
import { SHOWN_BY_CLAUDE } from '#sidecar/wires/anthropic-messages/shown-output';
import { geminiCountTokensWire } from '#sidecar/wires/gemini-count-tokens/gemini-count-tokens';
import { geminiGenerateContentWire } from '#sidecar/wires/gemini-generate-content/gemini-generate-content';
import { SHOWN_BY_GEMINI } from '#sidecar/wires/gemini-generate-content/shown-output';
import { embedContentWire } from '#sidecar/wires/google-embed/embed-content';
import { predictWire } from '#sidecar/wires/google-embed/predict';
import { claudeWire } from './claude-wire.ts';

/** The publisher is told by the name of the model alone. */
const CLAUDE = /^claude-/;
/** Gemini models of embedding from the second on, and those of other publishers; older ones know predict (as Google's own client tells them apart). */
const EMBEDS_CONTENT = /gemini(?!-embedding-001$)|maas/;

const SHOWN = {
  always: SHOWN_BY_GEMINI.always,
  unlessReasoning: new RegExp(`${SHOWN_BY_GEMINI.unlessReasoning.source}|${SHOWN_BY_CLAUDE.unlessReasoning.source}`),
};

type Wires = ProviderAdapter['wires'];

export function vertexAi({ vertex }: PolicyProvider): ProviderAdapter {
  const { project = '', location = '' } = vertex ?? {};
  const publishers = `/v1/projects/${encodeURIComponent(project)}/locations/${encodeURIComponent(location)}/publishers`;
  const google = {
    name: 'Vertex AI',
    modelPath: (model: string) => `${publishers}/google/models/${encodeURIComponent(model)}`,
  };
  const gemini = geminiGenerateContentWire({ ...google, hasCallIds: false });
  const count = geminiCountTokensWire({ ...google, takesWhole: false });
  const newer: Wires = [gemini, count, embedContentWire({ ...google, hasConfig: true })];
  const older: Wires = [gemini, count, predictWire(google)];
  const claude: Wires = [claudeWire(publishers)];
  return {
    type: 'VertexAI',
    telemetryName: 'gcp.vertex_ai',
    wires: newer,
    wiresFor(model) {
      if (CLAUDE.test(model)) return claude;
      return EMBEDS_CONTENT.test(model) ? newer : older;
    },
    headers: bearerKey,
    shownOutput: SHOWN,
  };
}
