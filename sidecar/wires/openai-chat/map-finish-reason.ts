/** Chat Completions' finish reasons. */
import { finishReasons } from '#sidecar/wires/finish-reasons';

export const mapFinishReason = finishReasons({
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  // The word of the retired function API.
  function_call: 'tool-calls',
  content_filter: 'content-filter',
  // Hugging Face's Text Generation Inference.
  eos_token: 'stop',
  stop_sequence: 'stop',
  // Mistral: the context window is full.
  model_length: 'length',
});
