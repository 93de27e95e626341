import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { embeddingsSuite } from '#test/support/embeddings-suite';
import { bedrockCohereEmbedWire } from './cohere-embed.ts';
import { titanEmbedWire } from './titan-embed.ts';

const folder = (name: string) => join(import.meta.dirname, 'fixtures', name);

embeddingsSuite(titanEmbedWire, { folder: folder('titan'), model: 'amazon.titan-embed-text-v2:0' });
embeddingsSuite(titanEmbedWire, { folder: folder('titan-v1'), model: 'amazon.titan-embed-text-v1' });
embeddingsSuite(bedrockCohereEmbedWire, { folder: folder('cohere'), model: 'cohere.embed-v4:0' });
embeddingsSuite(bedrockCohereEmbedWire, { folder: folder('cohere-v3'), model: 'cohere.embed-english-v3' });

test('the model is one segment of the path, also as an ARN', () => {
  assert.equal(
    titanEmbedWire.path('amazon.titan-embed-text-v2:0', false),
    '/model/amazon.titan-embed-text-v2%3A0/invoke',
  );
});

test("the tokens of Cohere's models are those of the header; what is no count is none", () => {
  const body = { embeddings: { float: [[1]] } };
  const usageOf = (count: string) =>
    bedrockCohereEmbedWire.decodeResponse(body, { 'x-amzn-bedrock-input-token-count': count }).usage;
  assert.equal(usageOf('12')?.inputTokens, 12);
  for (const count of ['', '-1', '1.5', 'many']) assert.equal(usageOf(count), undefined, count);
  assert.equal(bedrockCohereEmbedWire.decodeResponse(body).usage, undefined);
});

test("an exception is read by its name in the header, as all of Bedrock's", () => {
  const failure = titanEmbedWire.mapError(
    429,
    { 'x-amzn-errortype': 'ThrottlingException:http://a' },
    { message: 'Slow' },
  );
  assert.deepEqual([failure.class, failure.type], ['rate-limited', 'ThrottlingException']);
});
