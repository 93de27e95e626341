/** The registry of client dialects: one line per folder. */
import { anthropicCountTokens } from './anthropic-count-tokens/dialect.ts';
import { anthropicMessages } from './anthropic-messages/dialect.ts';
import type { AnyDialect } from './dialect.ts';
import { geminiGenerateContent } from './gemini-generate-content/dialect.ts';
import { openaiChat } from './openai-chat/dialect.ts';
import { openaiCompletions } from './openai-completions/dialect.ts';
import { openaiEmbeddings } from './openai-embeddings/dialect.ts';
import { openaiResponses } from './openai-responses/dialect.ts';
import { openaiVerbatim } from './openai-verbatim/dialects.ts';
import { type PathPattern, type PathValues, pathPattern } from './path-pattern.ts';
import { rerank } from './rerank/dialect.ts';

/** The first is what is spoken to whoever named none. */
export const DIALECTS: readonly [AnyDialect, ...AnyDialect[]] = [
  openaiChat,
  anthropicMessages,
  openaiResponses,
  geminiGenerateContent,
  openaiCompletions,
  openaiEmbeddings,
  ...openaiVerbatim,
  anthropicCountTokens,
  rerank,
];

/** What is served on a path. */
export interface Endpoint {
  readonly dialect: AnyDialect;
  readonly values: PathValues;
}

interface Pattern {
  readonly dialect: AnyDialect;
  readonly match: PathPattern;
  readonly places: number;
}

const EXACT = new Map<string, Endpoint>();
const PATTERNS: Pattern[] = [];
for (const dialect of DIALECTS)
  for (const path of dialect.paths) {
    const places = path.split('{').length - 1;
    if (places === 0) EXACT.set(path, { dialect, values: {} });
    else PATTERNS.push({ dialect, match: pathPattern(path), places });
  }
// `{model}:countTokens` says more than `{model}:{action}`.
PATTERNS.sort((a, b) => a.places - b.places);

/** `path` is without query. undefined: nothing is served there. */
export function endpointAt(path: string): Endpoint | undefined {
  const exact = EXACT.get(path);
  if (exact !== undefined) return exact;
  for (const { dialect, match } of PATTERNS) {
    const values = match(path);
    if (values !== undefined) return { dialect, values };
  }
  return undefined;
}
