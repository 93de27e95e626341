/** The stop reasons of the Converse API, but for words such as `malformed_tool_use`; none that means "not finished" becomes `stop`. */
import { finishReasons } from '#sidecar/wires/finish-reasons';

export const mapFinishReason = finishReasons({
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  // The account's guardrail, and the model's provider.
  guardrail_intervened: 'content-filter',
  content_filtered: 'content-filter',
  refusal: 'refusal',
});
