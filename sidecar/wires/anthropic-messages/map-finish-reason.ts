/** The stop reasons of the Messages API; none that means "not finished" becomes `stop`. */
import { finishReasons } from '#sidecar/wires/finish-reasons';

export const mapFinishReason = finishReasons({
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  pause_turn: 'pause',
  refusal: 'refusal',
});
