/** The registry of client dialects: one line per folder. */
import { anthropicCountTokens } from './anthropic-count-tokens/dialect.ts';
import { anthropicKept } from './anthropic-kept/dialects.ts';
import { anthropicMessages } from './anthropic-messages/dialect.ts';
import type { AnyDialect, Method, RequestHeaders } from './dialect.ts';
import { geminiCountTokens } from './gemini-count-tokens/dialect.ts';
import { geminiGenerateContent } from './gemini-generate-content/dialect.ts';
import { googleEmbed } from './google-embed/dialects.ts';
import { openaiChat } from './openai-chat/dialect.ts';
import { openaiCompletions } from './openai-completions/dialect.ts';
import { openaiEmbeddings } from './openai-embeddings/dialect.ts';
import { openaiKept } from './openai-kept/dialects.ts';
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
  geminiCountTokens,
  ...googleEmbed,
  rerank,
  ...openaiKept,
  ...anthropicKept,
];

/** What is served on a path. */
export interface Endpoint {
  readonly dialect: AnyDialect;
  readonly values: PathValues;
  readonly query: URLSearchParams;
}

export interface Asked {
  readonly method: string;
  readonly headers: RequestHeaders;
}

interface Pattern {
  readonly dialect: AnyDialect;
  readonly match: PathPattern;
  readonly places: number;
}

/** What one method is served on. */
interface Served {
  readonly exact: Map<string, Endpoint[]>;
  readonly patterns: Pattern[];
}

const NO_QUERY = new URLSearchParams();
const BY_METHOD: Readonly<Record<Method, Served>> = {
  POST: { exact: new Map(), patterns: [] },
  GET: { exact: new Map(), patterns: [] },
  DELETE: { exact: new Map(), patterns: [] },
};
const METHODS = Object.keys(BY_METHOD) as Method[];

for (const dialect of DIALECTS) {
  const { exact, patterns } = BY_METHOD[dialect.method ?? 'POST'];
  for (const path of dialect.paths) {
    const places = path.split('{').length - 1;
    if (places > 0) patterns.push({ dialect, match: pathPattern(path), places });
    else exact.set(path, [...(exact.get(path) ?? []), { dialect, values: {}, query: NO_QUERY }]);
  }
}
// `{model}:countTokens` says more than `{model}:{action}`.
for (const { patterns } of Object.values(BY_METHOD)) patterns.sort((a, b) => a.places - b.places);

/** `path` is without query. Without `asked`: for whatever method. undefined: nothing is served there. */
export function endpointAt(path: string, asked?: Asked): Endpoint | undefined {
  if (asked === undefined) return firstOf(METHODS.map((method) => servedAt(path, method)[0]));
  return isMethod(asked.method) ? pick(servedAt(path, asked.method), asked.headers) : undefined;
}

/** Methods with which something is served on the path. */
export const methodsAt = (path: string): readonly Method[] =>
  METHODS.filter((method) => servedAt(path, method).length > 0);

const isMethod = (method: string): method is Method => Object.hasOwn(BY_METHOD, method);

const firstOf = (endpoints: readonly (Endpoint | undefined)[]): Endpoint | undefined =>
  endpoints.find((endpoint) => endpoint !== undefined);

/** The API that says that it is meant, else the one that does not ask. */
const pick = (endpoints: readonly Endpoint[], headers: RequestHeaders): Endpoint | undefined =>
  endpoints.length < 2
    ? endpoints[0]
    : (endpoints.find(({ dialect }) => dialect.isAskedBy?.(headers)) ??
      endpoints.find(({ dialect }) => dialect.isAskedBy === undefined));

function servedAt(path: string, method: Method): readonly Endpoint[] {
  const { exact, patterns } = BY_METHOD[method];
  const known = exact.get(path);
  if (known !== undefined) return known;
  const found: Endpoint[] = [];
  let places = Number.POSITIVE_INFINITY;
  for (const { dialect, match, places: count } of patterns) {
    if (count > places) break;
    const values = match(path);
    if (values === undefined) continue;
    found.push({ dialect, values, query: NO_QUERY });
    places = count;
  }
  return found;
}
