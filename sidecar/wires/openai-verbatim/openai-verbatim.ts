/** OpenAI's other APIs, one row each: a request goes on as it came but for the model, and so does its answer. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { Usage } from '#sidecar/canonical/usage';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { mapError } from '#sidecar/wires/openai-chat/map-error';
import { asCount, asObject } from '#sidecar/wires/read-field';
import { type VerbatimOptions, type VerbatimWire, verbatimWire } from '#sidecar/wires/verbatim-wire';

type Row = Pick<VerbatimOptions, 'id' | 'operation' | 'path' | 'passesBytes'>;

const ROWS: readonly Row[] = [
  { id: 'openai-moderations', operation: 'moderation', path: '/moderations' },
  { id: 'openai-images', operation: 'image_generation', path: '/images/generations', passesBytes: true },
  { id: 'openai-image-edits', operation: 'image_generation', path: '/images/edits', passesBytes: true },
  { id: 'openai-speech', operation: 'speech', path: '/audio/speech', passesBytes: true },
  { id: 'openai-transcriptions', operation: 'transcription', path: '/audio/transcriptions', passesBytes: true },
  { id: 'openai-translations', operation: 'translation', path: '/audio/translations', passesBytes: true },
];

/** `name`: of the service, for messages to people. */
export const openaiVerbatimWires = (name: string): readonly VerbatimWire[] =>
  ROWS.map((row) =>
    verbatimWire({
      ...row,
      name,
      readUsage: (body) => readUsage(body, row.operation === 'image_generation'),
      mapError,
    }),
  );

/** Where tokens are told at all: image models and newer transcription models do, older ones bill by piece or second. */
function readUsage(body: JsonObject, writesImages: boolean): Usage | undefined {
  const usage = asObject(body.usage);
  const inputTokens = asCount(usage?.input_tokens);
  if (usage === undefined || inputTokens === undefined) return undefined;
  // Both spellings are OpenAI's own: of transcriptions and of images.
  const details = asObject(usage.input_token_details) ?? asObject(usage.input_tokens_details);
  const inputAudioTokens = Math.min(inputTokens, asCount(details?.audio_tokens) ?? 0);
  const inputImageTokens = Math.min(inputTokens - inputAudioTokens, asCount(details?.image_tokens) ?? 0);
  const output = asCount(usage.output_tokens) ?? 0;
  const outputImageTokens = writesImages ? imagesOf(usage, output) : 0;
  return {
    ...NO_USAGE,
    inputTokens: inputTokens - inputAudioTokens - inputImageTokens,
    inputAudioTokens,
    inputImageTokens,
    outputTokens: output - outputImageTokens,
    outputImageTokens,
  };
}

/** All of the output, unless the model tells text apart. */
const imagesOf = (usage: JsonObject, output: number): number =>
  Math.min(output, asCount(asObject(usage.output_tokens_details)?.image_tokens) ?? output);
