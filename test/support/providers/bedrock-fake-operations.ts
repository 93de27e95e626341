/** The embedding models behind Bedrock's InvokeModel, each as strict as its own schema. */
import type { Operate, OperationAnswer } from './script.ts';

const invalid = (message: string): OperationAnswer => ({
  status: 400,
  headers: { 'x-amzn-errortype': 'ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/' },
  body: { message },
});

const vectorOf = (text: string, length: unknown = 4): number[] =>
  Array.from({ length: Number(length) }, (_, at) => ((text.length * (at + 1)) % 64) / 64);

const unknownOf = (body: object, known: readonly string[]): string | undefined =>
  Object.keys(body).find((name) => !known.includes(name));

/** One text, and a length for the second version alone. */
const titan: Operate = ({ body = {}, inputTokens, path }) => {
  const known = path.includes('v2') ? ['inputText', 'dimensions', 'normalize', 'embeddingTypes'] : ['inputText'];
  const unknown = unknownOf(body, known);
  if (unknown !== undefined) return invalid(`Malformed input request: extraneous key [${unknown}] is not permitted`);
  if (typeof body.inputText !== 'string') return invalid('Malformed input request: expected type: String');
  const embedding = vectorOf(body.inputText, body.dimensions);
  return { body: { embedding, embeddingsByType: { float: embedding }, inputTextTokenCount: inputTokens } };
};

/** Its tokens are told in a header. */
const cohere: Operate = ({ body = {}, inputTokens, path }) => {
  const known = ['texts', 'input_type', 'truncate', 'embedding_types'];
  const unknown = unknownOf(body, path.includes('v4') ? [...known, 'output_dimension', 'max_tokens'] : known);
  if (unknown !== undefined) return invalid(`Malformed input request: extraneous key [${unknown}] is not permitted`);
  if (typeof body.input_type !== 'string')
    return invalid('Malformed input request: required key [input_type] not found');
  const texts = body.texts as string[];
  return {
    headers: { 'x-amzn-bedrock-input-token-count': String(inputTokens) },
    body: {
      id: 'fake',
      texts,
      embeddings: { float: texts.map((text) => vectorOf(text, body.output_dimension)) },
      response_type: 'embeddings_by_type',
    },
  };
};

export function bedrockFakeOperationAt(path: string): Operate | undefined {
  const model = decodeURIComponent(/^\/model\/([^/?]+)\/invoke$/.exec(path)?.[1] ?? '');
  if (model.includes('titan-embed')) return titan;
  return model.includes('cohere.embed') ? cohere : undefined;
}
