/** Which of these servers show what they bill: those that one runs oneself, and services that say so, stream reasoning as it is written. */
import type { Preset } from '#contract/resources/preset';
import type { ShownOutput } from '#sidecar/providers/adapter';

const ALL: ShownOutput = { always: /^/ };
/** Of whoever serves models of many vendors: families that hide nothing. */
const OPEN_MODELS: ShownOutput = { always: /llama|mi[sx]tral|gemma-?[123]|qwen-?2/i };

const BY_PRESET: { readonly [P in Preset]?: ShownOutput } = {
  // api-docs.deepseek.com/guides/reasoning_model: reasoning_content comes whole.
  DeepSeek: ALL,
  Fireworks: OPEN_MODELS,
  Groq: OPEN_MODELS,
  LlamaCpp: ALL,
  // docs.mistral.ai/capabilities/reasoning: thoughts are parts of the content.
  Mistral: ALL,
  // Names with `cloud` are models that others run.
  Ollama: { always: /^(?!.*cloud)/ },
  TGI: ALL,
  Together: OPEN_MODELS,
  VLLM: ALL,
  // docs.x.ai/docs/guides/reasoning: Grok 4 hides its reasoning. Names without a row, and OpenRouter's, may be anybody's.
  XAI: { always: /^grok-(?:2|3(?!-mini))|non-reasoning/ },
};

export const shownOutputOf = (preset: Preset | undefined): ShownOutput | undefined =>
  preset === undefined ? OPEN_MODELS : BY_PRESET[preset];
