/** Canonical request → body of a generateContent call. The model is in the path, and so is whether the answer streams. */

import type { ChatRequest, Tool } from '#sidecar/canonical/chat-request';
import { allOf } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { mapEach } from '#sidecar/canonical/walk';
import { noteCacheMarks } from '#sidecar/wires/cache-marks';
import { loseForeignExtensions } from '#sidecar/wires/foreign-extensions';
import type { Losses } from '#sidecar/wires/losses';
import { loseParallelLimit } from '#sidecar/wires/parallel-calls';
import { losePrefill } from '#sidecar/wires/prefill';
import { asObject } from '#sidecar/wires/read-field';
import { encodeContents } from './encode-contents.ts';
import { encodeGeneration } from './encode-generation.ts';
import { traitsOf } from './model-traits.ts';
import { WIRE_ID } from './seal.ts';
import type { WireOptions } from './wire-options.ts';

/** Throws `unsupported_parameter`. */
export function encodeRequest(
  options: WireOptions,
  asked: ChatRequest,
  { model, losses }: { readonly model: string; readonly losses: Losses },
): JsonObject {
  const request = losePrefill(asked, losses);
  loseForeignExtensions(request, WIRE_ID, losses);
  loseParameters(request, losses);
  const traits = traitsOf(model);
  const { system, contents } = encodeContents(request.messages, { options, traits, losses });
  const { generationConfig, ...own } = ownMembers(request);
  const generation = { ...encodeGeneration(request, traits, losses), ...asObject(generationConfig) };
  return {
    ...(system.length > 0 && { systemInstruction: { parts: system } }),
    contents,
    ...(request.tools.length > 0 && {
      tools: [{ functionDeclarations: mapEach(request.tools, encodeTool) }],
      ...encodeToolChoice(request),
    }),
    ...(Object.keys(generation).length > 0 && { generationConfig: generation }),
    ...own,
  };
}

/** What the client said in this API's own words. Members of members are named to other APIs only; here they stand in their owner. */
const ownMembers = ({ extensions }: ChatRequest): JsonObject =>
  Object.fromEntries(Object.entries(allOf(extensions[WIRE_ID])).filter(([key]) => !key.includes('.')));

function loseParameters(request: ChatRequest, losses: Losses): void {
  loseParallelLimit(request, losses);
  if (request.user !== undefined) losses.note('user');
  noteCacheMarks(request, losses);
}

/** The schema goes where any JSON Schema is taken: the older `parameters` refuses `additionalProperties` and more. */
const encodeTool = (tool: Tool): JsonObject => ({
  name: tool.name,
  ...(tool.description !== undefined && { description: tool.description }),
  ...(tool.parameters !== undefined && { parametersJsonSchema: tool.parameters }),
});

function encodeToolChoice({ tools, toolChoice }: ChatRequest): JsonObject {
  const mode = (word: string, more: JsonObject = {}): JsonObject => ({
    toolConfig: { functionCallingConfig: { mode: word, ...more } },
  });
  switch (toolChoice?.mode) {
    case 'none':
      return mode('NONE');
    case 'required':
      return mode('ANY');
    case 'tool':
      return mode('ANY', { allowedFunctionNames: [toolChoice.name] satisfies JsonValue });
    default:
      // Arguments that keep to the schema, in a turn that need not call.
      if (tools.some(({ strict }) => strict === true)) return mode('VALIDATED');
      return toolChoice === undefined ? {} : mode('AUTO');
  }
}
