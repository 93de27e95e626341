/** How the servers that speak OpenAI's wire format differ, as data: one row per adapter or preset. */
import type { JsonObject } from '#sidecar/canonical/json';

/** What a request may say and a server may not know, by the name that clients use. */
export type ServerWord =
  /** Another than 1, which is what servers do anyway. */
  | 'temperature'
  /** The same. */
  | 'top_p'
  | 'top_k'
  | 'presence_penalty'
  | 'frequency_penalty'
  | 'stop'
  | 'seed'
  | 'n'
  | 'logprobs'
  | 'parallel_tool_calls'
  /** Forcing a call; `auto` is what servers do anyway, and `none` is said by leaving the tools out. */
  | 'tool_choice'
  | 'user'
  /** The name of a message's author. */
  | 'name'
  /** Images by URL; those within the request are taken. */
  | 'image_url'
  /** Files within the request. */
  | 'file'
  /** `stream_options`: the server reports usage unasked. */
  | 'stream_options';

export interface WireOptions {
  /** For messages to people. */
  readonly name: string;
  readonly maxTokensKey: 'max_completion_tokens' | 'max_tokens';
  /** Knows the role `developer`; otherwise it is sent as `system`. */
  readonly hasDeveloperRole: boolean;
  /** Where the text of earlier reasoning is sent back: members of the assistant's message, or parts of its content. Empty: not at all. */
  readonly reasoningKeys: readonly ('reasoning_content' | 'reasoning' | 'content')[];
  /** Words that it does not know: refused or dropped before they are sent. */
  readonly lacks: readonly ServerWord[];
  /** Of the models that match, the same. */
  readonly modelLacks?: { readonly models: RegExp; readonly lacks: readonly ServerWord[] };
  /**
   * When the bytes of a client that speaks this API pass through. `OwnWords`: where the client says nothing that this server would not
   * understand. `Never`: OpenAI's clients cannot read its answers as they are. Absent: always, since nobody knows the server better.
   */
  readonly passes?: 'OwnWords' | 'Never';
  /** Refuses members that it does not know: those that are about the call and not about the answer are left out, and a refusal is text. */
  readonly isStrict?: boolean;
  /** Of the members that a strict server would not be sent, those that it knows: of the request and of messages. */
  readonly knows?: readonly string[];
  /** Its name of `seed`. */
  readonly seedKey?: string;
  /** Its word for a call that must be made. Default: `required`. */
  readonly requiredToolChoice?: string;
  /** The only ids of tool calls that it takes: exactly nine letters and digits. */
  readonly hasNineCharacterCallIds?: boolean;
  /** Refuses an assistant's tool calls without the reasoning that led to them, also where another provider made them. */
  readonly needsReasoningOfCalls?: boolean;
  /** How a JSON schema is asked for. Default: OpenAI's `json_schema`; `value`: Hugging Face's `{type: "json", value}`; `none`: not at all. */
  readonly jsonSchema?: 'value' | 'none';
  /** Takes effort and budget of reasoning in one object, `reasoning`, instead of `reasoning_effort`. */
  readonly hasReasoningObject?: boolean;
  /** Gives reasoning in blocks with proofs, `reasoning_details`, and wants them back: those of a format that matches. */
  readonly reasoningFormats?: RegExp;
  /** What asks for an answer that goes on where a last message of the assistant ends, and does not repeat it. Absent: it cannot be asked for. */
  readonly continuesPrefill?: JsonObject;
  /** Takes cache marks on parts of content, and on tools. */
  readonly takesCacheMarks?: boolean;
}
