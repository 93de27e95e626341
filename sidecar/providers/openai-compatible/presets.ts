/**
 * Well-known servers that speak Chat Completions, one row each: how they differ on the wire, as their documentation or source says.
 * What the control plane knows of them stands in `contract/resources/preset.ts`.
 */
import type { Preset } from '#contract/resources/preset';
import type { WireOptions } from '#sidecar/wires/openai-chat/wire-options';

interface PresetRow {
  /** The value of OpenTelemetry's `gen_ai.provider.name`. */
  readonly telemetryName: string;
  readonly requestIdHeader: string;
  readonly wire: WireOptions;
}

/** What most of them have in common. */
const COMMON = {
  maxTokensKey: 'max_tokens',
  hasDeveloperRole: false,
  passes: 'OwnWords',
} as const;

const row = (telemetryName: string, wire: WireOptions, requestIdHeader = 'x-request-id'): PresetRow => ({
  telemetryName,
  requestIdHeader,
  wire,
});

export const PRESET_ROWS: Readonly<Record<Preset, PresetRow>> = {
  // api-docs.deepseek.com/api/create-chat-completion; reasoning of calls: api-docs.deepseek.com/guides/thinking_mode.
  DeepSeek: row('deepseek', {
    ...COMMON,
    name: 'DeepSeek',
    reasoningKeys: ['reasoning_content'],
    needsReasoningOfCalls: true,
    lacks: ['top_k', 'n', 'seed', 'parallel_tool_calls', 'user', 'file'],
    jsonSchema: 'none',
  }),

  // docs.fireworks.ai/api-reference/post-chatcompletions.
  Fireworks: row('fireworks_ai', {
    ...COMMON,
    name: 'Fireworks',
    reasoningKeys: ['reasoning_content'],
    lacks: [],
  }),

  // Groq's page "OpenAI Compatibility": these answer 400, and so do members of messages that it does not know ("property … is unsupported").
  // Its earlier reasoning is taken by some models only.
  Groq: row('groq', {
    ...COMMON,
    name: 'Groq',
    maxTokensKey: 'max_completion_tokens',
    reasoningKeys: [],
    lacks: ['top_k', 'n', 'logprobs', 'name', 'file'],
    isStrict: true,
    knows: ['service_tier'],
  }),

  // github.com/ggml-org/llama.cpp, tools/server/README.md.
  LlamaCpp: row('llama_cpp', {
    ...COMMON,
    name: 'llama.cpp',
    // README, --prefill-assistant, on by default.
    continuesPrefill: {},
    reasoningKeys: ['reasoning_content'],
    lacks: ['user', 'file'],
  }),

  // docs.mistral.ai/api/endpoint/chat. Unknown members are refused (422 extra_forbidden), also in messages; usage
  // comes unasked. Streamed calls have no number, and thoughts are parts of the content: OpenAI's clients read neither.
  Mistral: row(
    'mistral_ai',
    {
      ...COMMON,
      name: 'Mistral',
      passes: 'Never',
      reasoningKeys: ['content'],
      lacks: ['top_k', 'logprobs', 'user', 'name', 'file', 'stream_options'],
      isStrict: true,
      knows: ['prefix'],
      seedKey: 'random_seed',
      requiredToolChoice: 'any',
      hasNineCharacterCallIds: true,
    },
    'mistral-correlation-id',
  ),

  // docs.ollama.com/api/openai-compatibility: others are ignored without a word; images only within the request.
  Ollama: row('ollama', {
    ...COMMON,
    name: 'Ollama',
    reasoningKeys: ['reasoning'],
    lacks: ['top_k', 'n', 'parallel_tool_calls', 'tool_choice', 'user', 'image_url', 'file'],
  }),

  // openrouter.ai/docs/api/reference/parameters; it translates for many models and drops what they lack.
  OpenRouter: row('openrouter', {
    ...COMMON,
    name: 'OpenRouter',
    hasDeveloperRole: true,
    reasoningKeys: ['reasoning'],
    lacks: [],
    hasReasoningObject: true,
    reasoningFormats: /-v[0-9]+$|^unknown$/,
    takesCacheMarks: true,
    // openrouter.ai/docs/api/reference/overview, Assistant Prefill.
    continuesPrefill: {},
  }),

  // huggingface.co/docs/text-generation-inference/reference/api_reference; grammars: …/basic_tutorials/using_guidance. The
  // arguments of its calls are objects, and it has words of its own for the end.
  TGI: row('tgi', {
    ...COMMON,
    name: 'Text Generation Inference',
    passes: 'Never',
    reasoningKeys: [],
    lacks: ['top_k', 'parallel_tool_calls', 'user', 'file'],
    jsonSchema: 'value',
  }),

  // docs.together.ai/reference/chat-completions-1.
  Together: row('together_ai', {
    ...COMMON,
    name: 'Together',
    reasoningKeys: ['reasoning'],
    lacks: ['parallel_tool_calls', 'user'],
  }),

  // docs.vllm.ai, Reasoning Outputs: `reasoning`, which releases before 0.11 call `reasoning_content`; each reads its own.
  VLLM: row('vllm', {
    ...COMMON,
    name: 'vLLM',
    continuesPrefill: { continue_final_message: true, add_generation_prompt: false },
    reasoningKeys: ['reasoning', 'reasoning_content'],
    lacks: [],
  }),

  // docs.x.ai/docs/guides/reasoning: models that reason, which is all but a few, refuse penalties and stop sequences.
  XAI: row('x_ai', {
    ...COMMON,
    name: 'xAI',
    maxTokensKey: 'max_completion_tokens',
    reasoningKeys: ['reasoning_content'],
    lacks: ['top_k'],
    modelLacks: {
      models: /^(?!.*non-reasoning|grok-2|grok-3(?!-mini))/,
      lacks: ['presence_penalty', 'frequency_penalty', 'stop'],
    },
  }),
};
