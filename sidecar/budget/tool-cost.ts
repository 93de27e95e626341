/** What the provider's own tools may cost an attempt at most, and what they did cost: pico-dollars beside those of tokens. */
import type { PolicyPrice, PolicyTarget } from '#contract/policy/policy';
import { type AskedTools, TOOL_KINDS, type ToolCalls, type ToolKind } from '#sidecar/canonical/hosted-tools';
import type { AttemptEstimate } from './budget-gate.ts';
import { type Bound, costAtMost, isFree } from './price.ts';

const PRICE_OF: { readonly [K in ToolKind]?: keyof PolicyPrice } = {
  webSearch: 'webSearchPico',
  webSearchPreview: 'webSearchPreviewPico',
  fileSearch: 'fileSearchPico',
  codeExecution: 'codeExecutionPico',
};

/** undefined: unknown. What is free by the token is one's own, and so are its tools. */
function priceOf(price: PolicyPrice, kind: ToolKind): bigint | undefined {
  if (isFree(price)) return 0n;
  const field = PRICE_OF[kind];
  const pico = field && price[field];
  return typeof pico === 'string' ? BigInt(pico) : undefined;
}

/** null: what is billed has no price. */
export function toolsPico(price: PolicyPrice, calls: ToolCalls | undefined, asked?: AskedTools): bigint | null {
  if (calls === undefined && asked === undefined) return 0n;
  // No answer tells what these are billed by.
  if (asked?.calls.other !== undefined && !isFree(price)) return null;
  let sum = 0n;
  for (const kind of TOOL_KINDS) {
    const count = calls?.[kind] ?? 0;
    const each = count > 0 ? priceOf(price, kind) : 0n;
    if (each === undefined) return null;
    sum += BigInt(count) * each;
  }
  return sum;
}

type Tooled = Pick<AttemptEstimate, 'tools'> & Bound & { readonly target: PolicyTarget };

/** Nano-dollars; null: nobody knows. */
export function costWithTools(price: PolicyPrice, attempt: Tooled): bigint | null {
  const bound = boundWithTools(price, attempt);
  return bound && costAtMost(price, bound);
}

/** All that money must expect: what tools have the model read and write, and their fees as pieces. null: nobody knows. */
export function boundWithTools(price: PolicyPrice, attempt: Tooled): Bound | null {
  const { tools, target } = attempt;
  if (tools === undefined || isFree(price)) return attempt;
  if (whyUnbounded(price, tools, target) !== undefined) return null;
  const { inputTokensAtMost, outputTokensAtMost, piecesPico = 0n } = attempt;
  const { contextTokens = 0 } = target;
  const rounds = tools.rounds ?? 0;
  return {
    ...attempt,
    inputTokensAtMost: Math.max(inputTokensAtMost, contextTokens * rounds),
    outputTokensAtMost: outputTokensAtMost * (tools.isOutputPerRound ? rounds : 1),
    piecesPico: piecesPico + feesAtMost(price, tools),
  };
}

const feesAtMost = (price: PolicyPrice, { calls }: AskedTools): bigint =>
  TOOL_KINDS.reduce((sum, kind) => sum + BigInt(calls[kind] ?? 0) * (priceOf(price, kind) ?? 0n), 0n);

const NAME: Readonly<Record<ToolKind, readonly [name: string, field: string]>> = {
  webSearch: ['web search', 'webSearchUsdPerThousand'],
  webSearchPreview: ['web search (preview)', 'webSearchUsdPerThousand'],
  fileSearch: ['file search', 'fileSearchUsdPerThousand'],
  codeExecution: ['code execution', 'codeExecutionUsdPerThousand'],
  other: ['other tools', ''],
};

/** A sentence on what is not known and one of what to do; undefined: all is known. */
function whyUnbounded(
  price: PolicyPrice,
  { calls, rounds }: AskedTools,
  { name, contextTokens }: Pick<PolicyTarget, 'name' | 'contextTokens'>,
): string | undefined {
  if (calls.other !== undefined)
    return `The request lets ${name} run tools whose price is not told by a price per call. Leave them out, or have the budget only alert.`;
  const asked = TOOL_KINDS.filter((kind) => calls[kind] !== undefined);
  const unpriced = asked.find((kind) => priceOf(price, kind) === undefined);
  if (unpriced !== undefined) {
    const [tool, field] = NAME[unpriced];
    return `The price of ${tool} at ${name} is unknown. State ${field} in the AIProvider under models, or leave the tool out.`;
  }
  const endless = asked.find((kind) => calls[kind] === null);
  if (endless !== undefined || rounds === null)
    return `Nothing bounds how often ${name} may run ${NAME[endless ?? 'other'][0]} in one request. State a maximum where its API knows one, leave the tool out, or have the budget only alert.`;
  if (contextTokens === undefined)
    return `How much ${name} may read in the rounds of its provider's own tools, or to compact turns, is unknown. State contextTokens in the AIProvider under models, or leave them out.`;
  return undefined;
}

/** The same for an attempt; undefined also where the price of the target itself is unknown. */
export const toolsUnknown = ({ target, tools }: Pick<AttemptEstimate, 'target' | 'tools'>): string | undefined =>
  tools === undefined || target.price === null || isFree(target.price)
    ? undefined
    : whyUnbounded(target.price, tools, target);
