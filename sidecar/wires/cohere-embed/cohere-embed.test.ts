import { join } from 'node:path';
import { embeddingsSuite } from '#test/support/embeddings-suite';
import { cohereEmbedWire } from './cohere-embed.ts';

embeddingsSuite(cohereEmbedWire, { folder: join(import.meta.dirname, 'fixtures'), model: 'embed-v4.0' });
