/** Tools and the choice among them. What the API has no word for is said in Claude's own, where it is Claude that is asked. */

import type { ChatRequest, Tool, ToolChoice } from '#sidecar/canonical/chat-request';
import type { JsonObject } from '#sidecar/canonical/json';
import { flatMapEach, once } from '#sidecar/canonical/walk';
import type { Losses } from '#sidecar/wires/losses';
import { loseParallelLimit } from '#sidecar/wires/parallel-calls';
import { cachePoint } from './encode-blocks.ts';
import type { ModelTraits } from './model-traits.ts';

export interface EncodedTools {
  /** Of the call: `toolConfig`. */
  readonly members: JsonObject;
  /** Of `additionalModelRequestFields`. */
  readonly additional: JsonObject;
}

interface ToolContext {
  readonly traits: ModelTraits;
  readonly losses: Losses;
}

const NO_TOOLS: EncodedTools = { members: {}, additional: {} };

export function encodeTools(request: ChatRequest, context: ToolContext): EncodedTools {
  const { toolChoice } = request;
  const past = toolsOfPast(request);
  const isForbidden = request.tools.length === 0 || toolChoice?.mode === 'none';
  // A conversation that holds calls needs tools, even where none may be called.
  const tools = isForbidden ? past : request.tools;
  if (tools.length === 0) return NO_TOOLS;
  const specs = flatMapEach(tools, (tool, index) => encodeTool(tool, `tools[${index}]`, context));
  const choice = isForbidden ? forbid(request, context) : encodeChoice(request, context);
  return { members: { toolConfig: { tools: specs, ...choice.toolChoice } }, additional: choice.additional };
}

/** Those that the request states, as far as the conversation has used any; else what its calls say of themselves. */
function toolsOfPast({ messages, tools }: ChatRequest): readonly Tool[] {
  const names = flatMapEach(messages, ({ parts }) =>
    flatMapEach(parts, (part) => (part.type === 'tool-call' ? [part.name] : [])),
  );
  if (names.length === 0) return [];
  return tools.length > 0 ? tools : once(() => [...new Set(names)].map((name) => ({ name })));
}

function encodeTool(tool: Tool, path: string, { traits, losses }: ToolContext): JsonObject[] {
  const isStrict = tool.strict === true;
  if (isStrict && !traits.hasStrictTools) losses.note(`${path}.strict`);
  const spec = {
    name: tool.name,
    ...(tool.description !== undefined && tool.description.trim() !== '' && { description: tool.description }),
    inputSchema: { json: { type: 'object', ...(tool.parameters ?? { properties: {} }) } },
    ...(isStrict && traits.hasStrictTools && { strict: true }),
  };
  const mark = tool.cacheControl === undefined ? [] : cachePoint(tool.cacheControl, false, { path, losses, traits });
  return [{ toolSpec: spec }, ...mark];
}

interface Choice {
  readonly toolChoice: JsonObject;
  readonly additional: JsonObject;
}

const FREE: Choice = { toolChoice: {}, additional: {} };
const inWordsOfClaude = (choice: JsonObject): Choice => ({ toolChoice: {}, additional: { tool_choice: choice } });

function forbid({ toolChoice }: ChatRequest, { traits, losses }: ToolContext): Choice {
  if (traits.limitsTools) return inWordsOfClaude({ type: 'none' });
  if (toolChoice?.mode === 'none') losses.drop('tool_choice');
  return FREE;
}

/** The API refuses the choice in its own words and in Claude's at once. */
function encodeChoice(request: ChatRequest, context: ToolContext): Choice {
  const { toolChoice: choice } = request;
  if (request.parallelToolCalls === false && context.traits.limitsTools)
    return inWordsOfClaude({ ...claudeChoice(choice), disable_parallel_tool_use: true });
  loseParallelLimit(request, context.losses);
  switch (choice?.mode) {
    case 'auto':
      return { toolChoice: { toolChoice: { auto: {} } }, additional: {} };
    case 'required':
      return force('any', { any: {} }, context);
    case 'tool':
      return force('tool', { tool: { name: choice.name } }, context);
    default:
      return FREE;
  }
}

function force(way: 'any' | 'tool', toolChoice: JsonObject, { traits, losses }: ToolContext): Choice {
  if (traits.forcedTools.includes(way)) return { toolChoice: { toolChoice }, additional: {} };
  losses.drop('tool_choice');
  return FREE;
}

function claudeChoice(choice: ToolChoice | undefined): JsonObject {
  if (choice?.mode === 'tool') return { type: 'tool', name: choice.name };
  return { type: choice?.mode === 'required' ? 'any' : 'auto' };
}
