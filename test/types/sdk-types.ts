/**
 * What the official SDKs say of each API, as JSON on the wire: only types, which `types.test.ts` holds every fixture and every answer of ours
 * against. What a service adds to another's API is stated here, and nowhere loosened.
 */
import type Anthropic from '@anthropic-ai/sdk';
import type {
  ConverseCommandInput,
  ConverseCommandOutput,
  ConverseStreamOutput,
} from '@aws-sdk/client-bedrock-runtime';
import type * as Google from '@google/genai';
import type { Cohere } from 'cohere-ai';
import type {
  ChatCompletion,
  ChatCompletionAssistantMessageParam,
  ChatCompletionChunk,
  ChatCompletionCreateParams,
  ChatCompletionMessage,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import type { CompletionUsage } from 'openai/resources/completions';
import type {
  Response as OpenaiResponse,
  ResponseCreateParams,
  ResponseStreamEvent,
  ResponseTextDeltaEvent,
  ResponseUsage,
} from 'openai/resources/responses/responses';
import type { ErrorObject } from 'openai/resources/shared';
import type { ChatRequest as CanonicalChatRequest } from '#sidecar/canonical/chat-request';
import type { ChatResponse } from '#sidecar/canonical/chat-response';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { EmbeddingsTypes } from './embeddings-types.ts';
import type { Json, Snake } from './wire-forms.ts';

/**
 * Services leave out members that their SDK states as there and perhaps null, and write null for those that it states as perhaps absent:
 * the recordings of OpenAI and Anthropic are full of both.
 */
type Sparse<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer E)[]
    ? Sparse<E>[]
    : T extends object
      ? { [K in keyof T as null extends T[K] ? never : K]: OrNull<T[K]> } & {
          [K in keyof T as null extends T[K] ? K : never]?: OrNull<T[K]>;
        }
      : T;
type OrNull<T> = undefined extends T ? Sparse<T> | null : Sparse<T>;

/** OpenRouter's: the price of the request in dollars. */
interface Cost {
  cost?: number;
}
/** DeepSeek's and xAI's text of the reasoning, and OpenRouter's blocks of it. */
interface Reasoning {
  reasoning_content?: string;
  reasoning_details?: { type: string; [member: string]: unknown }[];
}
/** OpenRouter's: the word of the service that answered. Azure's filter. */
interface OfChoice {
  native_finish_reason?: string;
  content_filter_results?: object;
  content_filter_offsets?: object;
}
interface OfChatAnswer {
  usage?: (Sparse<CompletionUsage> & Cost & { num_cached_tokens?: number }) | null;
  prompt_filter_results?: object[];
  x_groq?: object;
}

type ChatChunk = Omit<Sparse<ChatCompletionChunk>, 'choices' | 'usage'> &
  OfChatAnswer & {
    choices: (Omit<Sparse<ChatCompletionChunk.Choice>, 'delta'> &
      OfChoice & { delta: Sparse<ChatCompletionChunk.Choice.Delta> & Reasoning })[];
  };
type ChatAnswer = Omit<Sparse<ChatCompletion>, 'choices' | 'usage'> &
  OfChatAnswer & {
    choices: (Omit<Sparse<ChatCompletion.Choice>, 'message'> &
      OfChoice & { message: Sparse<ChatCompletionMessage> & Reasoning })[];
  };
/** What clients may say back. */
type ChatRequest = ChatCompletionCreateParams & {
  messages: (ChatCompletionMessageParam | (ChatCompletionAssistantMessageParam & Reasoning))[];
};

/** The SDK leaves `store` out, and from the logprobs of pieces of a text their bytes; `output_text` it makes itself. */
type ResponsesAnswer = Omit<Sparse<OpenaiResponse>, 'usage' | 'output_text'> & {
  output_text?: string;
  usage?: (Sparse<ResponseUsage> & Cost) | null;
  store?: boolean;
};
type PieceLogprob = ResponseTextDeltaEvent.Logprob & {
  bytes?: number[];
  top_logprobs?: (ResponseTextDeltaEvent.Logprob.TopLogprob & { bytes?: number[] })[];
};
type ResponsesEvent = ResponseStreamEvent extends infer E
  ? E extends { response: OpenaiResponse }
    ? Omit<E, 'response'> & { response: ResponsesAnswer }
    : E extends { type: 'response.output_text.delta' | 'response.output_text.done' }
      ? Omit<E, 'logprobs'> & { logprobs: PieceLogprob[] }
      : Sparse<E>
  : never;

/** Says who called a tool, since there are others than the model: not in recorded answers without such. */
type WithoutCaller<T> = T extends { caller: unknown } ? Omit<T, 'caller'> & Partial<Pick<T, 'caller'>> : T;
type Block = Sparse<WithoutCaller<Anthropic.ContentBlock>>;
/** `cost` is ours, as are the counts of the first event when they are known in the last. */
type MessageUsage = Sparse<Anthropic.Usage> & Cost;
type MessageAnswer = Omit<Sparse<Anthropic.Message>, 'content' | 'usage'> & { content: Block[]; usage: MessageUsage };
type MessageEvent = Anthropic.RawMessageStreamEvent extends infer E
  ? E extends { type: 'message_start' }
    ? Omit<E, 'message'> & { message: MessageAnswer }
    : E extends { type: 'content_block_start' }
      ? Omit<E, 'content_block'> & { content_block: Block }
      : E extends { type: 'message_delta' }
        ? Omit<Sparse<E>, 'usage'> & {
            usage: Sparse<Anthropic.MessageDeltaUsage> &
              Cost &
              Partial<Pick<MessageUsage, 'cache_creation' | 'service_tier' | 'inference_geo'>>;
          }
        : Sparse<E>
  : never;
/** The SDK no longer states how to sample; the models before Claude 5 take it. */
type MessageRequest = Anthropic.MessageCreateParams & { temperature?: number; top_p?: number; top_k?: number };

/** Padding against guesses by length, which the SDK takes off. */
interface Padding {
  p?: string;
}
type Padded<T> = T extends object ? { [K in keyof T]: T[K] & Padding } : T;
type ConverseEvent = ConverseStreamOutput extends infer E
  ? E extends { $unknown: unknown }
    ? never
    : Padded<Json<E>>
  : never;

/** The SDK has a method for streams instead. */
type CohereRequest = Snake<Cohere.V2ChatRequest> & { stream?: boolean };
/** Recorded streams begin with empty lists of what will follow. */
type CohereEvent =
  Snake<Cohere.V2ChatStreamResponse> extends infer E
    ? E extends { type: 'message-start'; delta?: infer D }
      ? Omit<E, 'delta'> & {
          delta?: D & { message?: { content?: []; tool_plan?: string; tool_calls?: []; citations?: [] } };
        }
      : E
    : never;

/** The SDK states its parameters in a form of its own, and of the wire only the parts. */
interface GeminiRequest {
  contents: Google.Content[];
  systemInstruction?: Google.Content;
  tools?: Google.Tool[];
  toolConfig?: Google.ToolConfig;
  generationConfig?: Google.GenerationConfig;
  safetySettings?: Google.SafetySetting[];
  cachedContent?: string;
  labels?: Record<string, string>;
}

type GeminiAnswer = Pick<
  Google.GenerateContentResponse,
  'candidates' | 'createTime' | 'modelVersion' | 'promptFeedback' | 'responseId' | 'usageMetadata'
>;

/** `remora` holds our own facts. */
interface OpenaiError {
  error: ErrorObject & { remora: object };
}

/** By the id of the wire or dialect. */
export interface SdkTypes extends EmbeddingsTypes {
  'openai-chat request': ChatRequest;
  'openai-chat answer': ChatAnswer;
  'openai-chat event': ChatChunk;
  'openai-responses request': ResponseCreateParams;
  'openai-responses answer': ResponsesAnswer;
  'openai-responses event': ResponsesEvent;
  'anthropic-messages request': MessageRequest;
  'anthropic-messages answer': MessageAnswer;
  'anthropic-messages event': MessageEvent | { type: 'ping' } | Sparse<Anthropic.ErrorResponse>;
  'gemini-generate-content request': Json<GeminiRequest>;
  'gemini-generate-content answer': Json<GeminiAnswer>;
  /** Each chunk is an answer of its own. */
  'gemini-generate-content event': Json<GeminiAnswer>;
  'bedrock-converse request': Json<Omit<ConverseCommandInput, 'modelId'>>;
  'bedrock-converse answer': Json<Omit<ConverseCommandOutput, '$metadata'>>;
  'bedrock-converse event': ConverseEvent;
  'cohere-chat request': CohereRequest;
  'cohere-chat answer': Snake<Cohere.V2ChatResponse>;
  'cohere-chat event': CohereEvent;
  'anthropic-count-tokens answer': Anthropic.MessageTokensCount;
  'gemini-count-tokens answer': Required<Pick<Google.CountTokensResponse, 'totalTokens'>>;
  'openai-chat error': OpenaiError;
  'openai-responses error': OpenaiError;
  'anthropic-messages error': Anthropic.ErrorResponse & { error: { remora: object; details?: object } };
  'canonical request': CanonicalChatRequest;
  'canonical answer': ChatResponse;
  'canonical events': readonly StreamEvent[];
}

export type TypeName = keyof SdkTypes;
