/** The canonical chat answer. */
import type { JsonObject, JsonValue } from './json.ts';
import type { Part } from './part.ts';
import type { Usage } from './usage.ts';

/** `pause` is Anthropic's pause_turn; `other` keeps the provider's word in `rawFinishReason`. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'refusal' | 'pause' | 'other';

export interface Choice {
  readonly index: number;
  /** text, image, tool-call, reasoning, refusal and opaque parts, in the order the model wrote them. */
  readonly parts: readonly Part[];
  readonly finishReason: FinishReason;
  /** The provider's own word. */
  readonly rawFinishReason?: string;
  /** OpenAI's logprobs object, verbatim. */
  readonly logprobs?: JsonValue;
  /** Members of the message that only one API knows, verbatim, keyed by that API. */
  readonly extensions?: { readonly [api: string]: JsonObject | undefined };
}

export interface ChatResponse {
  readonly id: string;
  /** The model that answered, as the provider names it. */
  readonly model: string;
  /** Unix seconds; absent where the provider does not say. */
  readonly created?: number;
  readonly choices: readonly Choice[];
  /** Absent where the provider does not say; never guessed here. */
  readonly usage?: Usage;
  /** What only one API knows, verbatim, keyed by that API. */
  readonly extensions: { readonly [api: string]: JsonObject | undefined };
}
