/** OpenAI's other APIs as clients speak them, one row each. */
import type { AnyDialect } from '#sidecar/dialects/dialect';
import { renderError } from '#sidecar/dialects/openai-chat/render-error';
import { limitHeaders } from '#sidecar/dialects/openai-limits';
import { openaiPaths } from '#sidecar/dialects/openai-paths';
import { type VerbatimOptions, verbatimDialect } from '#sidecar/dialects/verbatim-dialect';

interface Row extends Pick<VerbatimOptions, 'id' | 'operation' | 'content' | 'besideAnswer' | 'defaultModel'> {
  /** Under the version. */
  readonly path: string;
}

const ROWS: readonly Row[] = [
  // The one API of these that the official clients call without a model; the name is OpenAI's own default.
  {
    ...{ id: 'openai-moderations', operation: 'moderation', path: '/moderations', besideAnswer: [] },
    defaultModel: 'omni-moderation-latest',
  },
  { id: 'openai-images', operation: 'image_generation', path: '/images/generations' },
  { id: 'openai-image-edits', operation: 'image_generation', path: '/images/edits', content: 'form' },
  { id: 'openai-speech', operation: 'speech', path: '/audio/speech' },
  { id: 'openai-transcriptions', operation: 'transcription', path: '/audio/transcriptions', content: 'form' },
  { id: 'openai-translations', operation: 'translation', path: '/audio/translations', content: 'form' },
];

export const openaiVerbatim: readonly AnyDialect[] = ROWS.map(({ path, ...row }) =>
  verbatimDialect({ ...row, paths: openaiPaths(path), limitHeaders, renderError }),
);
