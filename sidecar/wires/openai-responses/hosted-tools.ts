/**
 * Tools that OpenAI runs in a Responses call (platform.openai.com, Tools and Pricing, 2026): web search and file search are billed by the call,
 * code interpreter by the container, images by tokens of another model. `max_tool_calls` holds for all of them together.
 */
import {
  type AskedTools,
  type HostedTools,
  type ToolCalls,
  type ToolKind,
  withCalls,
} from '#sidecar/canonical/hosted-tools';
import type { JsonObject } from '#sidecar/canonical/json';
import { asCount, asObject, asObjects, asString } from '#sidecar/wires/read-field';

/** The client runs these. */
const CLIENTS =
  /^(?:function|custom|namespace|computer|computer_use_preview|computer-preview|local_shell|apply_patch|tool_search)$/;

/** Free by the call; what they find is read as input. */
const FREE = 'free';

const KIND: readonly (readonly [RegExp, ToolKind | typeof FREE])[] = [
  [/^mcp$/, FREE],
  [/^web_search_preview/, 'webSearchPreview'],
  [/^web_search/, 'webSearch'],
  [/^file_search$/, 'fileSearch'],
  [/^code_interpreter$/, 'codeExecution'],
];

/** undefined: the client runs it. What nobody knows may be billed. */
function kindOf(tool: JsonObject): ToolKind | typeof FREE | undefined {
  const type = asString(tool.type) ?? '';
  if (CLIENTS.test(type)) return type === 'tool_search' && tool.execution !== 'client' ? FREE : undefined;
  if (type === 'shell') return isLocal(asObject(tool.environment)) ? undefined : 'other';
  return KIND.find(([pattern]) => pattern.test(type))?.[1] ?? 'other';
}

const isLocal = (environment: JsonObject | undefined): boolean =>
  environment === undefined || environment.type === 'local';

function asked(body: JsonObject): AskedTools | undefined {
  if (body.tools === undefined) return undefined;
  const kinds = asObjects(body.tools).flatMap((tool) => kindOf(tool) ?? []);
  if (kinds.length === 0) return undefined;
  const most = asCount(body.max_tool_calls) ?? null;
  return {
    calls: Object.fromEntries(kinds.filter((kind) => kind !== FREE).map((kind) => [kind, most])),
    rounds: most === null ? null : most + 1,
  };
}

export const hostedTools: HostedTools = {
  asked,
  bound: (body, calls) => (body.max_tool_calls == null && asked(body) !== undefined ? { max_tool_calls: calls } : {}),
};

/** Of a search call only a search is billed, not a page that is opened or looked through. */
const isSearch = ({ action }: JsonObject): boolean => (asString(asObject(action)?.type) ?? 'search') === 'search';

const WEB_SEARCH = 'web_search_call';
const CALLED: Readonly<Record<string, ToolKind>> = {
  file_search_call: 'fileSearch',
  code_interpreter_call: 'codeExecution',
  image_generation_call: 'other',
};

/** An item of an answer that may be billed by the call. */
export const isHostedCall = ({ type = '' }: JsonObject): boolean =>
  type === WEB_SEARCH || (typeof type === 'string' && Object.hasOwn(CALLED, type));

/** What an answer tells of the calls that are billed. */
export function readCalls({ output, tools }: JsonObject): { readonly toolCalls?: ToolCalls } {
  const calls: { -readonly [K in ToolKind]?: number } = {};
  for (const item of asObjects(output)) {
    const type = asString(item.type) ?? '';
    const isWebSearch = type === WEB_SEARCH && isSearch(item);
    const kind = isWebSearch ? searchKind(tools) : Object.hasOwn(CALLED, type) ? CALLED[type] : undefined;
    if (kind !== undefined) calls[kind] = (calls[kind] ?? 0) + 1;
  }
  return withCalls(calls);
}

const searchKind = (tools: JsonObject['tools']): ToolKind =>
  asObjects(tools).some(({ type }) => asString(type)?.startsWith('web_search_preview') === true)
    ? 'webSearchPreview'
    : 'webSearch';
