/** The canonical embeddings request and answer: texts, or the tokens of texts, to vectors. */
import type { Extensions } from './extensions.ts';
import type { JsonObject } from './json.ts';
import type { Usage } from './usage.ts';

/** What the vectors are for, where a model makes different ones for different purposes. */
export type EmbeddingPurpose = 'query' | 'document' | 'classification' | 'clustering';

export interface EmbeddingsRequest {
  readonly operation: 'embeddings';
  /** The model as the client named it. */
  readonly model: string;
  readonly input: EmbeddingsInput;
  /** Length of each vector. Default: the model's. */
  readonly dimensions?: number;
  readonly purpose?: EmbeddingPurpose;
  /** How the client wants its vectors written. */
  readonly encoding: 'float' | 'base64';
  readonly user?: string;
  readonly stream: false;
  readonly includeUsage: false;
  readonly extensions: Extensions;
}

export type EmbeddingsInput =
  | { readonly kind: 'texts'; readonly texts: readonly string[] }
  /** In the vocabulary of the asked model. */
  | { readonly kind: 'tokens'; readonly tokens: readonly (readonly number[])[] }
  /** What is more than one text per vector, such as a picture with its title, in the words of the one API that has it. */
  | { readonly kind: 'opaque'; readonly api: string; readonly contents: readonly JsonObject[] };

/** Numbers, or the base64 of their 32-bit little-endian floats; whichever the provider wrote, since one cannot always be had exactly from the other. */
export type Vector = readonly number[] | string;

export interface EmbeddingsResponse {
  /** The model that answered, as the provider names it. */
  readonly model: string;
  /** One per input, in order. */
  readonly vectors: readonly Vector[];
  /** Absent where the provider does not say. */
  readonly usage?: Usage;
}

const FLOAT_BYTES = 4;

export function vectorNumbers(vector: Vector): readonly number[] {
  if (typeof vector !== 'string') return vector;
  const bytes = Buffer.from(vector, 'base64');
  return Array.from({ length: Math.floor(bytes.length / FLOAT_BYTES) }, (_, at) => bytes.readFloatLE(at * FLOAT_BYTES));
}

export function vectorBase64(vector: Vector): string {
  if (typeof vector === 'string') return vector;
  const bytes = Buffer.alloc(vector.length * FLOAT_BYTES);
  for (const [at, number] of vector.entries()) bytes.writeFloatLE(number, at * FLOAT_BYTES);
  return bytes.toString('base64');
}
