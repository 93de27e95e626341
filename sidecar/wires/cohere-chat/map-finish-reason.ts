/** Cohere's finish reasons. `ERROR` and `TIMEOUT` are failures and no ends: see `map-error.ts`. */
import { finishReasons } from '#sidecar/wires/finish-reasons';

export const mapFinishReason = finishReasons({
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  MAX_TOKENS: 'length',
  TOOL_CALL: 'tool-calls',
  ERROR_TOXIC: 'content-filter',
});
