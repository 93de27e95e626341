/**
 * Tools that Anthropic runs in a Messages call (platform.claude.com, Pricing and Server tools, 2026): a web search is billed by the call, code
 * execution by the time of its container, the advisor by tokens of another model; fetching, searching for tools, MCP and compacting the turns so far only by tokens.
 */
import type { AskedTools, HostedTools, ToolCalls, ToolKind } from '#sidecar/canonical/hosted-tools';
import { withCalls } from '#sidecar/canonical/hosted-tools';
import type { JsonObject } from '#sidecar/canonical/json';
import { mapEach } from '#sidecar/canonical/walk';
import { asArray, asCount, asObject, asObjects, asString } from '#sidecar/wires/read-field';

/** A turn is paused after so many (platform.claude.com, Handling stop reasons: `pause_turn`), whatever the maxima of its tools. */
const MOST_ROUNDS = 10;

/** The client runs these. */
const CLIENTS = /^(?:custom$|bash_|text_editor_|computer_|memory_)/;
/** Free by the call; what they find is read as input. */
const FREE = /^(?:web_fetch_|tool_search_tool_|mcp_toolset$)/;
const WEB_SEARCH = /^web_search_/;

const typeOf = ({ type }: JsonObject): string => asString(type) ?? 'custom';

/** Before each round the turns so far may be read once more, to be compacted. */
const compacts = ({ context_management }: JsonObject): boolean =>
  asObjects(asObject(context_management)?.edits).some((edit) => typeOf(edit).startsWith('compact_'));

function asked(body: JsonObject): AskedTools | undefined {
  const { tools, mcp_servers, context_management } = body;
  if (tools === undefined && mcp_servers === undefined && context_management === undefined) return undefined;
  const hosted = asObjects(tools).filter((tool) => !CLIENTS.test(typeOf(tool)));
  const hasTools = hosted.length > 0 || asArray(mcp_servers).length > 0;
  const isCompacted = compacts(body);
  if (!hasTools && !isCompacted) return undefined;
  const calls: { -readonly [K in ToolKind]?: number | null } = {};
  for (const tool of hosted) {
    const type = typeOf(tool);
    if (WEB_SEARCH.test(type)) calls.webSearch = sumOf(calls.webSearch, asCount(tool.max_uses) ?? null);
    else if (!FREE.test(type)) calls.other = null;
  }
  const rounds = hasTools ? MOST_ROUNDS : 1;
  return { calls, rounds: isCompacted ? 2 * rounds : rounds, isOutputPerRound: true };
}

const sumOf = (a: number | null = 0, b: number | null): number | null => (a === null || b === null ? null : a + b);

const lacksMaximum = (tool: JsonObject | undefined): boolean =>
  tool !== undefined && WEB_SEARCH.test(typeOf(tool)) && tool.max_uses == null;

export const hostedTools: HostedTools = {
  asked,
  bound({ tools }, calls) {
    if (!asObjects(tools).some(lacksMaximum)) return {};
    const bounded = mapEach(asArray(tools), (tool) => {
      const members = asObject(tool);
      return lacksMaximum(members) ? { ...members, max_uses: calls } : tool;
    });
    return { tools: bounded };
  },
};

/** What a usage tells of the calls that are billed. */
export const readCalls = (usage: JsonObject): { readonly toolCalls?: ToolCalls } =>
  withCalls({ webSearch: asCount(asObject(usage.server_tool_use)?.web_search_requests) ?? 0 });
