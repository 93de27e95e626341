/** Google's methods beside generateContent, each as strict as protobuf's JSON is: a field that a method does not know is refused. */
import type { Content, ContentEmbedding, CountTokensResponse, EmbedContentResponse } from '@google/genai';
import type { Operate, OperationAnswer, OperationRequest } from './script.ts';

type Body = { readonly [key: string]: unknown };
type Values = Pick<ContentEmbedding, 'values'>;

/** Length of the vectors where the request names none. */
const DIMENSIONS = 4;

/** The same content has the same vector. */
const vectorOf = (content: unknown, dimensions: unknown = DIMENSIONS): Values => ({
  values: Array.from(
    { length: Number(dimensions) },
    (_, at) => ((JSON.stringify(content).length * (at + 1)) % 64) / 64,
  ),
});

const invalid = (message: string): OperationAnswer => ({
  status: 400,
  body: { error: { code: 400, message, status: 'INVALID_ARGUMENT' } },
});

const unknownOf = (body: Body, known: readonly string[]): string | undefined =>
  Object.keys(body).find((name) => !known.includes(name));

/** Refuses what the method does not know. */
const strict =
  (known: readonly string[], operate: (body: Body, request: OperationRequest) => OperationAnswer): Operate =>
  (request) => {
    const body = request.body ?? {};
    const unknown = unknownOf(body, known);
    return unknown === undefined
      ? operate(body, request)
      : invalid(`Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`);
  };

const ONE = ['model', 'content', 'taskType', 'title', 'outputDimensionality'];

const usageOf = ({ inputTokens }: OperationRequest) => ({ usageMetadata: { promptTokenCount: inputTokens } });

const batchEmbedContents = strict(['requests'], ({ requests }, request) => {
  const each = requests as Body[];
  const resource = /models\/[^:]+/.exec(decodeURIComponent(request.path))?.[0];
  if (each.some(({ model }) => model !== resource)) return invalid('Model in request does not match that of the path.');
  if (each.some((one) => unknownOf(one, ONE) !== undefined)) return invalid('Unknown name in "requests".');
  const answer = {
    embeddings: each.map(({ content, outputDimensionality }) => vectorOf(content, outputDimensionality)),
    ...usageOf(request),
  } satisfies Pick<EmbedContentResponse, 'embeddings' | 'usageMetadata'>;
  return { body: answer };
});

const embedContent = strict(ONE, ({ content, outputDimensionality }, request) => ({
  body: { embedding: vectorOf(content, outputDimensionality), ...usageOf(request) },
}));

const vertexEmbedContent = strict(
  ['content', 'embedContentConfig', 'taskType', 'title', 'outputDimensionality', 'autoTruncate'],
  ({ content, embedContentConfig = {}, outputDimensionality }, request) => {
    const config = embedContentConfig as Body;
    return {
      body: {
        embedding: vectorOf(content, config.outputDimensionality ?? outputDimensionality),
        ...usageOf(request),
        truncated: false,
      },
    };
  },
);

const predict = strict(['instances', 'parameters'], ({ instances, parameters = {} }, { path }) => {
  const each = instances as Body[];
  if (each.some((one) => unknownOf(one, ['content', 'task_type', 'title', 'mimeType'])))
    return invalid('Unknown name.');
  if (path.includes('gemini-embedding-001') && each.length > 1) return invalid('Only one instance is supported.');
  return {
    body: {
      predictions: each.map(({ content }) => ({
        embeddings: {
          ...vectorOf(content, (parameters as Body).outputDimensionality),
          statistics: { token_count: Math.ceil(String(content).length / 4), truncated: false },
        },
      })),
      metadata: { billableCharacterCount: 9 },
    },
  };
});

const counted = (contents: unknown): OperationAnswer => {
  const texts = (contents as Content[]).flatMap(({ parts = [] }) => parts.map(({ text = '' }) => text));
  const answer = { totalTokens: texts.join(' ').split(/\s+/).length } satisfies Pick<
    CountTokensResponse,
    'totalTokens'
  >;
  return { body: { ...answer, promptTokensDetails: [{ modality: 'TEXT', tokenCount: answer.totalTokens }] } };
};

const countTokens = strict(['contents', 'generateContentRequest'], ({ contents, generateContentRequest }, request) => {
  const whole = generateContentRequest as Body | undefined;
  const resource = /models\/[^:]+/.exec(decodeURIComponent(request.path))?.[0];
  if (whole !== undefined && whole.model !== resource) return invalid('Model does not match that of the path.');
  return counted(whole?.contents ?? contents);
});

const vertexCountTokens = strict(['contents', 'systemInstruction', 'tools', 'generationConfig'], ({ contents }) =>
  counted(contents),
);

const GEMINI: Readonly<Record<string, Operate>> = { batchEmbedContents, embedContent, countTokens };
const VERTEX: Readonly<Record<string, Operate>> = {
  embedContent: vertexEmbedContent,
  predict,
  countTokens: vertexCountTokens,
};

const operationAt =
  (place: RegExp, operations: Readonly<Record<string, Operate>>) =>
  (path: string): Operate | undefined =>
    operations[place.exec(path)?.[1] ?? ''];

export const geminiFakeOperationAt = operationAt(/^\/v1beta\/models\/[^/:]+:(\w+)$/, GEMINI);
export const vertexFakeOperationAt = operationAt(
  /^\/v1\/projects\/[^/]+\/locations\/[^/]+\/publishers\/google\/models\/[^/:]+:(\w+)$/,
  VERTEX,
);
