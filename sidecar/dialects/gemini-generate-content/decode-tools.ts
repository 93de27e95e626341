/** Tools and the choice among them. What is no function, the provider runs itself: no other API has it. */

import type { Tool, ToolChoice } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { flatMapEach, mapEach } from '#sidecar/canonical/walk';
import { invalid, optionalArray, optionalObject, optionalString, requiredString } from '#sidecar/dialects/field';
import { toJsonSchema } from './json-schema.ts';
import { fieldsOf, listOf, optionalFields } from './proto-names.ts';

export interface DecodedTools {
  readonly tools: readonly Tool[];
  /** Names of tools that only this API has, such as `googleSearch`. */
  readonly others: readonly string[];
}

export function decodeTools(value: JsonValue | undefined): DecodedTools {
  const read = mapEach(listOf(value), (entry, index) => {
    const at = `tools[${index}]`;
    const { functionDeclarations, ...rest } = fieldsOf(entry, at);
    const tools = mapEach(listOf(functionDeclarations), (declared, number) =>
      decodeFunction(declared, `${at}.functionDeclarations[${number}]`),
    );
    return { tools, others: Object.keys(rest) };
  });
  return { tools: flatMapEach(read, ({ tools }) => tools), others: flatMapEach(read, ({ others }) => others) };
}

function decodeFunction(value: JsonValue, path: string): Tool {
  const declared = fieldsOf(value, path);
  const description = optionalString(declared.description, `${path}.description`);
  const parameters =
    optionalObject(declared.parametersJsonSchema, `${path}.parametersJsonSchema`) ??
    (declared.parameters === undefined ? undefined : toJsonSchema(declared.parameters, `${path}.parameters`));
  return {
    name: requiredString(declared.name, `${path}.name`),
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parameters }),
  };
}

export interface DecodedChoice {
  readonly toolChoice?: ToolChoice;
  /** What of it other APIs cannot say, by its path; what they cannot say but need not. */
  readonly essential: JsonObject;
  readonly inert: JsonObject;
}

const CONFIG = 'toolConfig.functionCallingConfig';

export function decodeToolConfig(value: JsonValue | undefined): DecodedChoice {
  const { functionCallingConfig, ...rest } = optionalFields(value, 'toolConfig') ?? {};
  const config = optionalFields(functionCallingConfig, CONFIG) ?? {};
  const allowed = optionalArray(config.allowedFunctionNames, `${CONFIG}.allowedFunctionNames`).map((name, index) =>
    requiredString(name, `${CONFIG}.allowedFunctionNames[${index}]`),
  );
  const [only] = allowed;
  const isForced = config.mode === 'ANY';
  const isExact = allowed.length === 0 || (isForced && allowed.length === 1);
  return {
    ...(isForced && only !== undefined && allowed.length === 1
      ? { toolChoice: { mode: 'tool', name: only } }
      : decodeMode(config.mode)),
    essential: {
      ...Object.fromEntries(Object.entries(rest).map(([name, member]) => [`toolConfig.${name}`, member])),
      ...(!isExact && { [`${CONFIG}.allowedFunctionNames`]: allowed }),
      ...(config.streamFunctionCallArguments === true && { [`${CONFIG}.streamFunctionCallArguments`]: true }),
    },
    // Others check arguments against the schema or not, as they do.
    inert: config.mode === 'VALIDATED' ? { [`${CONFIG}.mode`]: 'VALIDATED' } : {},
  };
}

function decodeMode(mode: JsonValue | undefined): { toolChoice?: ToolChoice } {
  switch (mode) {
    case undefined:
    case 'MODE_UNSPECIFIED':
      return {};
    case 'AUTO':
    case 'VALIDATED':
      return { toolChoice: { mode: 'auto' } };
    case 'ANY':
      return { toolChoice: { mode: 'required' } };
    case 'NONE':
      return { toolChoice: { mode: 'none' } };
    default:
      throw invalid(`${CONFIG}.mode`, "'AUTO', 'ANY', 'NONE' or 'VALIDATED'");
  }
}
