/** Tools that a provider runs itself while it answers: what it bills of them by the call, beside tokens. */
import type { JsonObject } from './json.ts';

/**
 * Each has a price of its own. `webSearchPreview`: the older version of OpenAI's web search. `other`: billed in a way that no answer
 * counts or no price by the call tells, such as the time of a container.
 */
export const TOOL_KINDS = ['webSearch', 'webSearchPreview', 'fileSearch', 'codeExecution', 'other'] as const;
export type ToolKind = (typeof TOOL_KINDS)[number];

/** Calls that the provider bills. A kind that is absent: none. */
export type ToolCalls = { readonly [K in ToolKind]?: number };

/** What a request lets the provider's tools do at most. null: nothing bounds it. */
export interface AskedTools {
  /** Calls by kind. Of tools that are free by the call nothing is said. */
  readonly calls: { readonly [K in ToolKind]?: number | null };
  /** How often the model is asked: each time it reads at most its whole context, with all that tools have found. */
  readonly rounds: number | null;
  /** The maximum of output tokens may hold for each round by itself. */
  readonly isOutputPerRound?: true;
}

/** How an API says which tools the provider may run. `body`: as it is sent. */
export interface HostedTools {
  /** undefined: none. `model`: the target's own name of it. */
  asked(body: JsonObject, model: string): AskedTools | undefined;
  /** What has to change in the body so that no tool with a price is called more often than this where the client states no maximum. Absent: the API knows no maximum. */
  bound?(body: JsonObject, calls: number): JsonObject;
}

/** Where money must know a maximum and the client states none: as many as the vendors' own examples allow. */
export const DEFAULT_TOOL_CALLS = 5;

/** To spread into a usage. */
export const withCalls = (calls: ToolCalls): { readonly toolCalls?: ToolCalls } =>
  totalCalls(calls) === 0 ? {} : { toolCalls: calls };

export const totalCalls = (calls: ToolCalls = {}): number =>
  TOOL_KINDS.reduce((sum, kind) => sum + (calls[kind] ?? 0), 0);

export function addCalls(a: ToolCalls = {}, b: ToolCalls = {}): ToolCalls {
  const sum: { -readonly [K in ToolKind]?: number } = { ...a };
  for (const kind of TOOL_KINDS) if (b[kind] !== undefined) sum[kind] = (a[kind] ?? 0) + b[kind];
  return sum;
}
