/** The tokens of an embedding. Whether they are told depends on the model. */
import type { JsonObject } from '#sidecar/canonical/json';
import { NO_USAGE, type Usage } from '#sidecar/canonical/usage';
import { asCount, asObject } from '#sidecar/wires/read-field';

export function readUsage(body: JsonObject): { readonly usage?: Usage } {
  const inputTokens = asCount(asObject(body.usageMetadata)?.promptTokenCount);
  return inputTokens === undefined ? {} : { usage: { ...NO_USAGE, inputTokens } };
}
