/** Canonical request → body of a Converse call; ConverseStream takes the same. The model is in the path. */
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import { allOf } from '#sidecar/canonical/extensions';
import type { JsonObject } from '#sidecar/canonical/json';
import { loseForeignExtensions } from '#sidecar/wires/foreign-extensions';
import type { Losses } from '#sidecar/wires/losses';
import { losePrefill } from '#sidecar/wires/prefill';
import { encodeInference } from './encode-inference.ts';
import { encodeMessages } from './encode-messages.ts';
import { closed } from './encode-schema.ts';
import { encodeTools } from './encode-tools.ts';
import { type ModelTraits, traitsOf } from './model-traits.ts';
import { WIRE_ID } from './seal.ts';

/** Throws `unsupported_parameter`. */
export function encodeRequest(asked: ChatRequest, model: string, losses: Losses): JsonObject {
  const traits = traitsOf(model);
  const request = traits.continuesPrefill ? asked : losePrefill(asked, losses);
  loseForeignExtensions(request, WIRE_ID, losses);
  loseParameters(request, losses);
  const inference = encodeInference(request, { model, traits, losses });
  const { system, messages } = encodeMessages(request.messages, traits, losses);
  const tools = encodeTools(request, { traits, losses });
  const additional = { ...inference.additional, ...tools.additional };
  return {
    ...(system.length > 0 && { system }),
    messages,
    ...(Object.keys(inference.config).length > 0 && { inferenceConfig: inference.config }),
    ...tools.members,
    ...encodeFormat(request, traits, losses),
    ...(Object.keys(additional).length > 0 && { additionalModelRequestFields: additional }),
    ...allOf(request.extensions[WIRE_ID]),
  };
}

function loseParameters(request: ChatRequest, losses: Losses): void {
  if ((request.choiceCount ?? 1) > 1) losses.drop('n');
  if (request.logprobs !== undefined) losses.drop('logprobs');
  if (request.presencePenalty) losses.drop('presence_penalty');
  if (request.frequencyPenalty) losses.drop('frequency_penalty');
  if (request.seed !== undefined) losses.drop('seed');
  if (request.user !== undefined) losses.note('user');
}

/** The API has no JSON without a schema. */
function encodeFormat({ responseFormat }: ChatRequest, traits: ModelTraits, losses: Losses): JsonObject {
  if (responseFormat === undefined || responseFormat.type === 'text') return {};
  if (responseFormat.type !== 'json-schema' || !traits.hasSchema) {
    losses.drop('response_format');
    return {};
  }
  const { name, description, schema } = responseFormat;
  const jsonSchema = {
    schema: JSON.stringify(closed(schema)),
    name,
    ...(description !== undefined && { description }),
  };
  return { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } };
}
