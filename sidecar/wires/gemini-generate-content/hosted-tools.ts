/**
 * Tools that Google runs in a generateContent call (ai.google.dev, Pricing, 2026): Google Search is billed by the prompt up to Gemini 2.5 and
 * by the query from Gemini 3 on; reading URLs, running code and searching files only by tokens.
 */
import type { AskedTools, HostedTools, ToolCalls, ToolKind } from '#sidecar/canonical/hosted-tools';
import { withCalls } from '#sidecar/canonical/hosted-tools';
import type { JsonObject } from '#sidecar/canonical/json';
import { asArray, asObject, asObjects, asText } from '#sidecar/wires/read-field';
import { traitsOf } from './model-traits.ts';

/** Fields go by two names in protobuf's JSON. */
const CLIENTS = new Set(['functionDeclarations', 'function_declarations', 'computerUse', 'computer_use']);
const CODE = new Set(['codeExecution', 'code_execution']);
const FREE = new Set(['urlContext', 'url_context', 'fileSearch', 'file_search', ...CODE]);
const SEARCH = new Set(['googleSearch', 'google_search']);

/** The prompt, and what tools put into it. Code that fails is written anew up to five times (ai.google.dev, Code execution). */
const ROUNDS = { plain: 2, withCode: 7 } as const;

function asked(body: JsonObject, model: string): AskedTools | undefined {
  if (body.tools === undefined) return undefined;
  const names = asObjects(body.tools).flatMap((tool) => Object.keys(tool).filter((name) => !CLIENTS.has(name)));
  if (names.length === 0) return undefined;
  const calls: { -readonly [K in ToolKind]?: number | null } = {};
  for (const name of names) {
    if (SEARCH.has(name)) calls.webSearch = traitsOf(model).isSearchByPrompt ? 1 : null;
    else if (!FREE.has(name)) calls.other = null;
  }
  return { calls, rounds: names.some((name) => CODE.has(name)) ? ROUNDS.withCode : ROUNDS.plain };
}

export const hostedTools: HostedTools = { asked };

/** The queries that candidates tell, each once; empty ones are not billed. */
export const readQueries = (candidates: readonly JsonObject[]): readonly string[] =>
  candidates.flatMap(({ groundingMetadata }) =>
    asArray(asObject(groundingMetadata)?.webSearchQueries).flatMap((query) => asText(query) ?? []),
  );

/** `queries` of the whole answer, by a model as the answer names it. */
export const searchCalls = (queries: Iterable<string>, model: string): { readonly toolCalls?: ToolCalls } => {
  const { size } = new Set(queries);
  return withCalls({ webSearch: traitsOf(model).isSearchByPrompt ? Math.min(1, size) : size });
};
