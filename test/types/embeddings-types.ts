/** What is said of each API of embeddings: by its official SDK, or by its documentation where the SDK has no type of the wire. */
import type * as Google from '@google/genai';
import type { Cohere } from 'cohere-ai';
import type { CreateEmbeddingResponse, EmbeddingCreateParams, Embeddings } from 'openai/resources/embeddings';
import type { EmbeddingsResponse } from '#sidecar/canonical/embeddings';
import type { Json, Snake } from './wire-forms.ts';

/** `input_type` is asked for by servers of OpenAI's API whose models tell queries from documents. */
type OpenaiRequest = EmbeddingCreateParams & { input_type?: string };
/** What the first overload answers: the SDK does not export the type. */
type OpenaiBase64Answer = Embeddings['create'] extends {
  (...args: never[]): PromiseLike<infer Base64>;
  (...args: never[]): PromiseLike<CreateEmbeddingResponse>;
}
  ? Base64
  : never;

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html: V2 */
interface TitanRequest {
  inputText: string;
  dimensions?: 256 | 512 | 1024;
  normalize?: boolean;
  embeddingTypes?: ('float' | 'binary')[];
}
interface TitanAnswer extends TitanV1Answer {
  embeddingsByType: { float?: number[]; binary?: number[] };
}
/** The same page: G1 */
interface TitanV1Request {
  inputText: string;
}
interface TitanV1Answer {
  embedding: number[];
  inputTextTokenCount: number;
}

/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html */
interface CohereOnBedrockV3Request {
  input_type: Cohere.EmbedInputType;
  texts?: string[];
  images?: string[];
  truncate?: 'NONE' | 'START' | 'END';
  embedding_types?: ('float' | 'int8' | 'uint8' | 'binary' | 'ubinary')[];
}
/** docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html */
interface CohereOnBedrockRequest extends Omit<CohereOnBedrockV3Request, 'truncate'> {
  input_type: Exclude<Cohere.EmbedInputType, 'image'>;
  inputs?: Snake<Cohere.EmbedInput>[];
  output_dimension?: 256 | 512 | 1024 | 1536;
  max_tokens?: number;
  truncate?: 'NONE' | 'LEFT' | 'RIGHT';
}
/** Of requests that name the types which they want. It counts in a header. */
type CohereOnBedrockAnswer = Omit<Snake<Cohere.EmbedByTypeResponse>, 'meta'>;

/** ai.google.dev/api/embeddings#v1beta.TaskType: any text to the SDK. */
type TaskType =
  | 'RETRIEVAL_QUERY'
  | 'RETRIEVAL_DOCUMENT'
  | 'SEMANTIC_SIMILARITY'
  | 'CLASSIFICATION'
  | 'CLUSTERING'
  | 'QUESTION_ANSWERING'
  | 'FACT_VERIFICATION'
  | 'CODE_RETRIEVAL_QUERY';
/** ai.google.dev/api/embeddings: the SDK states its parameters in a form of its own, and of the wire only the parts. */
interface GeminiEmbedRequest extends Pick<Google.EmbedContentConfig, 'title' | 'outputDimensionality'> {
  content: Google.Content;
  taskType?: TaskType;
}
/** Perhaps empty to the SDK, and never on the wire. */
type GeminiVector = Required<Pick<Google.ContentEmbedding, 'values'>>;
interface GeminiEmbedAnswer extends Pick<Google.EmbedContentResponse, 'usageMetadata'> {
  embedding: GeminiVector;
}
interface GeminiBatchRequest {
  requests: (GeminiEmbedRequest & { model: `models/${string}` })[];
}
interface GeminiBatchAnswer extends Pick<Google.EmbedContentResponse, 'usageMetadata'> {
  embeddings: GeminiVector[];
}

/** docs.cloud.google.com/vertex-ai/docs/reference/rest/v1beta1/projects.locations.publishers.models/embedContent, its deprecated words left out. */
interface VertexEmbedRequest {
  content: Google.Content;
  embedContentConfig?: Omit<Google.EmbedContentConfig, 'httpOptions' | 'abortSignal' | 'mimeType' | 'taskType'> & {
    taskType?: TaskType;
  };
}
type VertexEmbedAnswer = GeminiEmbedAnswer & Pick<Google.EmbedContentResponse, 'truncated'>;

/** cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api */
interface PredictRequest {
  instances: { content: string; task_type?: TaskType; title?: string; mimeType?: string }[];
  parameters?: Pick<Google.EmbedContentConfig, 'autoTruncate' | 'outputDimensionality'>;
}
interface PredictAnswer {
  predictions: {
    embeddings: GeminiVector & { statistics?: Snake<Google.ContentEmbeddingStatistics> };
  }[];
  metadata?: Google.EmbedContentMetadata;
}

/** By the id of the wire or dialect. */
export interface EmbeddingsTypes {
  'openai-embeddings request': OpenaiRequest;
  'openai-embeddings answer': CreateEmbeddingResponse;
  'openai-embeddings answer in base64': OpenaiBase64Answer;
  'cohere-embed request': Snake<Cohere.V2EmbedRequest>;
  'cohere-embed answer': Snake<Cohere.EmbedByTypeResponse>;
  'bedrock-titan-embed request': TitanRequest;
  'bedrock-titan-embed answer': TitanAnswer;
  'bedrock-titan-embed-v1 request': TitanV1Request;
  'bedrock-titan-embed-v1 answer': TitanV1Answer;
  'bedrock-cohere-embed request': CohereOnBedrockRequest;
  'bedrock-cohere-embed-v3 request': CohereOnBedrockV3Request;
  'bedrock-cohere-embed answer': CohereOnBedrockAnswer;
  'gemini-embed-content request': Json<GeminiEmbedRequest>;
  'gemini-embed-content answer': Json<GeminiEmbedAnswer>;
  'gemini-batch-embed-contents request': Json<GeminiBatchRequest>;
  'gemini-batch-embed-contents answer': Json<GeminiBatchAnswer>;
  'vertex-embed-content request': Json<VertexEmbedRequest>;
  'vertex-embed-content answer': Json<VertexEmbedAnswer>;
  'vertex-predict request': PredictRequest;
  'vertex-predict answer': Json<PredictAnswer>;
  'canonical vectors': EmbeddingsResponse;
}
