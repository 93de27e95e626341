/** The canonical chat request: what every client dialect is decoded to and every provider encodes from. */
import type { CacheControl } from './cache-control.ts';
import type { Extensions } from './extensions.ts';
import type { JsonObject } from './json.ts';
import type { Part } from './part.ts';

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

export interface Message {
  readonly role: Role;
  readonly name?: string;
  readonly parts: readonly Part[];
  /** The last one, by the assistant: the answer goes on where it ends. Without this the model answers it. */
  readonly isPrefill?: true;
  /** Members of the message that only one API knows, verbatim, keyed by that API. */
  readonly extensions?: { readonly [api: string]: JsonObject | undefined };
}

export interface Tool {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters?: JsonObject;
  readonly strict?: boolean;
  readonly cacheControl?: CacheControl;
  /** Members of the tool that only one API knows. */
  readonly extensions?: Extensions;
}

export type ToolChoice =
  | { readonly mode: 'auto' | 'none' | 'required' }
  /** The model must call this tool. */
  | { readonly mode: 'tool'; readonly name: string };

export type ResponseFormat =
  | { readonly type: 'text' | 'json-object' }
  | {
      readonly type: 'json-schema';
      readonly name: string;
      readonly schema: JsonObject;
      /** `preferred`: the client's API enforces every schema; one that takes some schemas only enforces those. Default: the API's. */
      readonly strict?: boolean | 'preferred';
      readonly description?: string;
    };

export interface ChatRequest {
  readonly operation: 'chat';
  /** The model as the client named it. */
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelToolCalls?: boolean;
  /** Tokens, reasoning included. */
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly seed?: number;
  readonly stop: readonly string[];
  /** How many choices; default 1. */
  readonly choiceCount?: number;
  readonly logprobs?: { readonly top?: number };
  readonly responseFormat?: ResponseFormat;
  readonly reasoning?: { readonly effort?: string; readonly budgetTokens?: number };
  /** End user, for attribution and for providers that ask for it. */
  readonly user?: string;
  readonly stream: boolean;
  /** The provider says at once that it has begun, and what the model writes is to be fetched from what it keeps. */
  readonly isAnsweredLater?: boolean;
  /** The client asked for a usage event in its stream. */
  readonly includeUsage: boolean;
  /**
   * The client's bytes hold what was made for it here, such as another API's seal in a field of its own API: that API would refuse them, so
   * that they are written anew even for a provider that speaks the client's API.
   */
  readonly mustRewrite?: boolean;
  /** The prefill was delivered to the client already: an API whose models would answer it anew cannot be asked. */
  readonly mustGoOn?: true;
  readonly extensions: Extensions;
}
