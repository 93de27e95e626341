import { join } from 'node:path';
import { embeddingsSuite } from '#test/support/embeddings-suite';
import { openaiEmbeddingsWire } from './openai-embeddings.ts';

embeddingsSuite(openaiEmbeddingsWire('OpenAI'), {
  folder: join(import.meta.dirname, 'fixtures'),
  model: 'text-embedding-3-small',
});
