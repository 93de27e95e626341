/** Canonical request → body of a Chat call. */

import type { ChatRequest, Tool } from '#sidecar/canonical/chat-request';
import { type ApiExtension, allOf } from '#sidecar/canonical/extensions';
import type { JsonObject } from '#sidecar/canonical/json';
import { filterEach, mapEach } from '#sidecar/canonical/walk';
import { noteCacheMarks } from '#sidecar/wires/cache-marks';
import { loseForeignExtensions } from '#sidecar/wires/foreign-extensions';
import type { Losses } from '#sidecar/wires/losses';
import { loseParallelLimit } from '#sidecar/wires/parallel-calls';
import { losePrefill } from '#sidecar/wires/prefill';
import { without } from '#sidecar/wires/read-field';
import { encodeMessages } from './encode-messages.ts';
import { encodeSampling, encodeThinking } from './encode-sampling.ts';
import { WIRE_ID } from './seal.ts';

/** Members that no other API has, so that they mean this one in whatever dialect a client writes them. */
const OWN_MEMBERS: ReadonlySet<string> = new Set([
  'documents',
  'citation_options',
  'safety_mode',
  'strict_tools',
  'priority',
]);

/** Throws `unsupported_parameter`. */
export function encodeRequest(asked: ChatRequest, model: string, losses: Losses): JsonObject {
  const request = losePrefill(asked, losses);
  const adopted = adoptMembers(request);
  loseForeignExtensions(adopted.request, WIRE_ID, losses);
  loseParameters(request, losses);
  noteCacheMarks(request, losses);
  return {
    model,
    messages: encodeMessages(request.messages, losses),
    ...encodeTools(request, losses),
    ...encodeSampling(request, losses),
    ...encodeThinking(request, losses),
    ...encodeResponseFormat(request),
    ...adopted.members,
    ...allOf(request.extensions[WIRE_ID]),
    // The API requires it.
    stream: request.stream,
  };
}

/** This API's own members out of what another dialect did not know, and the request without them. */
function adoptMembers(request: ChatRequest): { readonly members: JsonObject; readonly request: ChatRequest } {
  const members: [string, JsonObject[string]][] = [];
  const rest = Object.entries(request.extensions).map(([api, extension]): [string, ApiExtension | undefined] => {
    if (extension === undefined || api === WIRE_ID) return [api, extension];
    members.push(...Object.entries(extension.essential).filter(([key]) => OWN_MEMBERS.has(key)));
    return [api, { ...extension, essential: without(extension.essential, OWN_MEMBERS) }];
  });
  return { members: Object.fromEntries(members), request: { ...request, extensions: Object.fromEntries(rest) } };
}

function loseParameters(request: ChatRequest, losses: Losses): void {
  if ((request.choiceCount ?? 1) > 1) losses.drop('n');
  if (request.logprobs !== undefined) losses.drop('logprobs');
  loseParallelLimit(request, losses);
  if (request.user !== undefined) losses.note('user');
}

/** There is no word for a call of one certain tool, but with that tool alone any call is that call. */
function encodeTools({ tools, toolChoice }: ChatRequest, losses: Losses): JsonObject {
  if (tools.length === 0) return {};
  const offered = toolChoice?.mode === 'tool' ? filterEach(tools, ({ name }) => name === toolChoice.name) : tools;
  const isForced = toolChoice?.mode === 'required' || toolChoice?.mode === 'tool';
  return {
    tools: mapEach(offered, encodeTool),
    ...(isForced && { tool_choice: 'REQUIRED' }),
    ...(toolChoice?.mode === 'none' && { tool_choice: 'NONE' }),
    ...encodeStrictness(tools, losses),
  };
}

const encodeTool = ({ name, description, parameters }: Tool): JsonObject => ({
  type: 'function',
  function: {
    name,
    ...(description !== undefined && { description }),
    parameters: parameters ?? { type: 'object', properties: {} },
  },
});

/** It is said of all tools at once, and each of them must then have a required parameter. */
function encodeStrictness(tools: readonly Tool[], losses: Losses): JsonObject {
  const strict = filterEach(tools, (tool) => tool.strict === true);
  if (strict.length === 0) return {};
  if (strict.length === tools.length && strict.every(hasRequiredParameter)) return { strict_tools: true };
  for (const [index, tool] of tools.entries()) if (tool.strict === true) losses.drop(`tools[${index}].function.strict`);
  return {};
}

const hasRequiredParameter = ({ parameters }: Tool): boolean =>
  Array.isArray(parameters?.required) && parameters.required.length > 0;

function encodeResponseFormat({ responseFormat }: ChatRequest): JsonObject {
  switch (responseFormat?.type) {
    case 'json-schema':
      return { response_format: { type: 'json_object', json_schema: responseFormat.schema } };
    case 'json-object':
      return { response_format: { type: 'json_object' } };
    default:
      return {};
  }
}
