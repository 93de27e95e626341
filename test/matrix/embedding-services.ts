/** The matrix of embeddings: each dialect in, each service that embeds out; `test/sidecar/operations/embeddings-matrix.test.ts` goes by it. */
import type { PolicyProvider } from '#contract/policy/policy';
import { DIALECTS } from '#sidecar/dialects/index';
import type { buildProvider } from '#test/support/build-policy';
import type { FakeDialect } from '#test/support/providers/fake-provider';

export const EMBEDDING_DIALECTS: readonly string[] = DIALECTS.filter(({ operation }) => operation === 'embeddings').map(
  ({ id }) => id,
);

export interface EmbeddingService {
  readonly fake: FakeDialect;
  readonly provider: Parameters<typeof buildProvider>[1] & Pick<PolicyProvider, 'type'>;
  readonly model: string;
  /** Its API makes one vector per call: where that is written. */
  readonly oneEach?: string;
}

const VERTEX = { type: 'VertexAI', vertex: { project: 'my-project', location: 'europe-west4' } } as const;
const BEDROCK = { type: 'Bedrock', aws: { region: 'us-east-1' } } as const;
const AZURE = { deployments: [{ name: 'text-embedding-3-small', deployment: 'prod-4o' }] };

export const EMBEDDING_SERVICES: Readonly<Record<string, EmbeddingService>> = {
  OpenAI: { fake: 'openai', provider: { type: 'OpenAI' }, model: 'text-embedding-3-small' },
  'an OpenAI alike': { fake: 'openai', provider: { type: 'OpenAICompatible' }, model: 'bge-m3' },
  'Azure OpenAI': {
    fake: 'azure',
    provider: { type: 'AzureOpenAI', azure: AZURE },
    model: 'text-embedding-3-small',
  },
  'Azure OpenAI, dated version': {
    fake: 'azure-dated',
    provider: { type: 'AzureOpenAI', azure: { ...AZURE, apiVersion: '2024-10-21' } },
    model: 'text-embedding-3-small',
  },
  Cohere: { fake: 'cohere', provider: { type: 'Cohere' }, model: 'embed-v4.0' },
  Gemini: { fake: 'gemini', provider: { type: 'Gemini' }, model: 'gemini-embedding-001' },
  'Vertex AI, text-embedding-005': { fake: 'vertex', provider: VERTEX, model: 'text-embedding-005' },
  'Vertex AI, gemini-embedding-001': {
    fake: 'vertex',
    provider: VERTEX,
    model: 'gemini-embedding-001',
    oneEach: 'https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api',
  },
  'Vertex AI, gemini-embedding-2': {
    fake: 'vertex',
    provider: VERTEX,
    model: 'gemini-embedding-2',
    oneEach:
      'https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/projects.locations.publishers.models/embedContent',
  },
  'Bedrock, Titan': {
    fake: 'bedrock',
    provider: BEDROCK,
    model: 'amazon.titan-embed-text-v2:0',
    oneEach: 'https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html',
  },
  'Bedrock, Cohere': { fake: 'bedrock', provider: BEDROCK, model: 'cohere.embed-v4:0' },
};
