import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildProvider } from '#test/support/build-policy';
import { vertexAi } from './adapter.ts';

const adapter = vertexAi(buildProvider('shop/vertex', { type: 'VertexAI' }));

test('the model decides how it embeds, as it does for Google’s own client', () => {
  const embedder = (model: string) =>
    adapter.wiresFor?.(model).flatMap(({ id, operation }) => (operation === 'embeddings' ? [id] : []));
  for (const model of ['text-embedding-005', 'text-multilingual-embedding-002', 'gemini-embedding-001'])
    assert.deepEqual(embedder(model), ['vertex-predict'], model);
  for (const model of ['gemini-embedding-2', 'gemini-embedding-001-preview', 'multilingual-e5-large-instruct-maas'])
    assert.deepEqual(embedder(model), ['gemini-embed-content'], model);
  assert.deepEqual(embedder('claude-sonnet-4-5'), []);
});
