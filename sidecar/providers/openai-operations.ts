/** What OpenAI and the servers that imitate it serve beside chat. A server that lacks one of these answers 404, as it would without us. */
import { openaiCompletionsWire } from '#sidecar/wires/openai-completions/openai-completions';
import { openaiEmbeddingsWire } from '#sidecar/wires/openai-embeddings/openai-embeddings';
import { openaiVerbatimWires } from '#sidecar/wires/openai-verbatim/openai-verbatim';
import type { AnyWire } from '#sidecar/wires/wire';

/** `name` is the service's, for messages to people. */
export const openaiOperations = (name: string): readonly AnyWire[] => [
  openaiCompletionsWire(name),
  openaiEmbeddingsWire(name),
  ...openaiVerbatimWires(name),
];
