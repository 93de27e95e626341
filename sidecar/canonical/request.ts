/** Every request that a client can make and every answer to it, in canonical form. */
import type { ChatRequest } from './chat-request.ts';
import type { ChatResponse } from './chat-response.ts';
import type { CountTokensResponse } from './count-tokens.ts';
import type { EmbeddingsRequest, EmbeddingsResponse } from './embeddings.ts';
import type { KeptOperation, KeptRequest, KeptResponse } from './kept-request.ts';
import type { VerbatimOperation, VerbatimRequest, VerbatimResponse } from './verbatim-request.ts';

/** Named as OpenTelemetry's `gen_ai.operation.name` does, where it has a name. */
export type OperationName = 'chat' | 'embeddings' | VerbatimOperation | KeptOperation;

export type CanonicalRequest = ChatRequest | EmbeddingsRequest | VerbatimRequest | KeptRequest;

export type RequestOf<O extends OperationName> = O extends 'chat'
  ? ChatRequest
  : O extends 'embeddings'
    ? EmbeddingsRequest
    : O extends VerbatimOperation
      ? VerbatimRequest<O>
      : O extends KeptOperation
        ? KeptRequest<O>
        : never;

export type ResponseOf<O extends OperationName> = O extends 'chat' | 'text_completion'
  ? ChatResponse
  : O extends 'embeddings'
    ? EmbeddingsResponse
    : O extends 'count_tokens'
      ? CountTokensResponse
      : O extends KeptOperation
        ? KeptResponse
        : VerbatimResponse;

/** What the stages read of any answer. */
export interface CanonicalResponse {
  /** The provider's id of the answer, where it has one. */
  readonly id?: string;
  /** The model that answered, as the provider names it; empty where it does not say. */
  readonly model: string;
  /** What a model wrote, for those who inspect it; absent where the operation's answers hold nothing of that kind. */
  readonly choices?: ChatResponse['choices'];
  /** What only one API knows of the answer, which may repeat what a model wrote. */
  readonly extensions?: ChatResponse['extensions'];
  /** Absent where the provider does not say. */
  readonly usage?: ChatResponse['usage'];
  /** Ids of what the account keeps; absent where `id` is the only one. */
  readonly keptIds?: readonly string[];
  /** `usage` is told again with each answer that has this mark, and counts once. */
  readonly countedOnceAs?: string;
}
