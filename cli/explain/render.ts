/** An explanation as text for people: the outcome first, then why. Pure. */
import { printable } from '#cli/output/printable';
import { KIND } from '#contract/names/api';
import type { ExplainedBudget, ExplainedTarget, Explanation } from '#sidecar/pipeline/explain/explanation';

/** As much of a hash as tells policies apart. */
const SHORT = 12;

/** A label, and what belongs to it. */
type Line = readonly [label: string, text: string];

export const explanationText = (explanation: Explanation): string =>
  `${linesOf(explanation).map(lineText).join('\n')}\n`;

/** Of a request that did not come so far as to be explained. */
export const refusalText = (status: number, message: string): string =>
  `${lineText(['refused', String(status)])}\n${lineText(['', message])}\n`;

const LABEL_WIDTH = 12;
const lineText = ([label, text]: Line): string => printable(`${label.padEnd(LABEL_WIDTH)}${text}`).trimEnd();

const linesOf = (told: Explanation): readonly Line[] => [
  ...outcomeLines(told),
  ['', ''],
  ['request', requestText(told)],
  ...callerLines(told),
  ...downgradeLines(told),
  ...routeLines(told),
  ...classLines(told),
  ...orderLines(told),
  ...told.targets.flatMap((target, index) => targetLines(target, index)),
  ...told.leftOut.map(({ target, message }): Line => ['left out', `${target}: ${message}`]),
  ...told.ceilings.map((ceiling): Line => ['ceiling', ceilingText(ceiling)]),
  ...told.guardrails.map((guardrail): Line => ['guardrail', guardrailText(guardrail)]),
  ...ruleLines(told),
  ['policy', told.policyHash?.slice(0, SHORT) ?? 'none'],
  ...told.objects.map(({ kind, name, generation }): Line => ['', `${kind} ${name}, generation ${generation}`]),
];

function outcomeLines({ outcome, sentTo, refused }: Explanation): Line[] {
  if (refused !== undefined)
    return [
      ['refused', `${refused.status} ${refused.code}`],
      ['', refused.message],
      ...(refused.object === undefined ? [] : [['', `by ${refused.object}`] as const]),
    ];
  return outcome === 'answered' ? [['answered', 'by the sidecar itself']] : [['sent to', sentTo ?? '']];
}

function requestText({ request: { operation, dialect, model, stream, inputBytes } }: Explanation): string {
  const asked = model === undefined ? '' : ` for the model ${model}`;
  const bytes = inputBytes === undefined ? '' : `, ${inputBytes} bytes`;
  return `${operation} over ${dialect}${asked}${stream ? ', streamed' : ''}${bytes}`;
}

function callerLines({ caller }: Explanation): Line[] {
  if (caller === undefined) return [];
  const { serviceAccount, ...said } = caller;
  const known = Object.entries({ ...said, 'service account': serviceAccount }).filter(
    ([, value]) => value !== undefined,
  );
  return [['caller', known.map(([name, value]) => `${name} ${value}`).join(', ')]];
}

const downgradeLines = ({ downgraded }: Explanation): Line[] =>
  downgraded === undefined
    ? []
    : [['downgraded', `to the model ${downgraded.model}, since the limit ${downgraded.by} has no room`]];

const routeLines = ({ route, rules, concurrency, cache }: Explanation): Line[] => [
  ...(route === undefined ? [] : [['route', `AIRoute ${route}`] as const]),
  ...rules.map(({ index, matches, because }): Line => [`rule ${index}`, matches ? 'matches' : `no: ${because}`]),
  ...(concurrency === undefined
    ? []
    : [['at once', `${concurrency.max} in this pod, and ${concurrency.queue} may wait`] as const]),
  ...(cache === undefined
    ? []
    : [
        [
          'cache',
          `${cache.result}${cache.because === undefined ? '' : ` (${cache.because})`}, by ${cache.scope}`,
        ] as const,
      ]),
];

function classLines({ class: found }: Explanation): Line[] {
  if (found === undefined) return [];
  const { task, complexity, latency, costClass, because, classifierNotAsked } = found;
  const words = Object.entries({ task, complexity, latency, tier: costClass }).filter(([, word]) => word !== undefined);
  const weighed = because.length === 0 ? '' : ` (${because.join(', ')})`;
  const asked = classifierNotAsked ? '; the classifier of the route was not asked' : '';
  return [['class', `${words.map(([name, word]) => `${name} ${word}`).join(', ')}${weighed}${asked}`]];
}

const orderLines = ({ strategy, variant }: Explanation): Line[] => [
  ...(strategy === undefined ? [] : [['order', `${strategy.name}${reasonText(strategy)}`] as const]),
  ...(variant === undefined ? [] : [['variant', `${variant.name} (${variant.mode}, ${variant.percent} %)`] as const]),
];

function reasonText({ name, reason }: NonNullable<Explanation['strategy']>): string {
  if (reason !== undefined) return `: ${reason}`;
  return name === 'Priority' ? ', as written' : '';
}

function targetLines(target: ExplainedTarget, index: number): Line[] {
  const { role, weight, concerns, refused, maskedBy, inspectedBy } = target;
  const beside = [role === 'target' ? '' : role, weight === undefined ? '' : `weight ${weight}`].filter((text) => text);
  const details = [
    ...concerns.map(({ by, reason, isUnfit, forMs }) =>
      isUnfit ? `tried last for ${secondsText(forMs)}: ${by}, ${reason}` : `may be tried out: ${by}, ${reason}`,
    ),
    ...(refused === undefined ? [] : [`not asked: ${refused.status} ${refused.code}: ${refused.message}`]),
    ...wireTexts(target),
    ...(maskedBy.length === 0 ? [] : [`masked by ${maskedBy.join(', ')}`]),
    ...(inspectedBy.length === 0 ? [] : [`its answer is inspected by ${inspectedBy.join(', ')}`]),
    ...latencyTexts(target),
    ...costTexts(target),
    ...target.budgets.map(budgetText),
  ];
  return [
    [`target ${index + 1}`, `${target.target}${beside.length === 0 ? '' : ` (${beside.join(', ')})`}`],
    ...details.map((text): Line => ['', `  ${text}`]),
  ];
}

const secondsText = (ms: number): string => `${Math.ceil(ms / 1_000)}s`;

function wireTexts({ model, wire, lane, dropped = [] }: ExplainedTarget): string[] {
  if (wire === undefined) return [];
  const without = dropped.length === 0 ? '' : `, without ${dropped.join(', ')}`;
  return [`asked${model === '' ? '' : ` for ${model}`} over ${wire} (${lane})${without}`];
}

function latencyTexts({ latency }: ExplainedTarget): string[] {
  if (latency === undefined) return [];
  const { averageMs, p95Ms, underWay } = latency;
  const average = averageMs === undefined ? 'not tried yet' : `${Math.round(averageMs)}ms on average`;
  return [`${average}${p95Ms === undefined ? '' : `, p95 ${Math.round(p95Ms)}ms`}, ${underWay} under way`];
}

function costTexts({ price, atMost, slice }: ExplainedTarget): string[] {
  if (atMost === undefined) return [];
  const { inputTokens, outputTokens, usd } = atMost;
  const tokens = `${inputTokens} tokens in and ${outputTokens} out`;
  const cost = usd === undefined ? 'of unknown price' : `$${usd}`;
  const rate = price === undefined ? '' : ` ($${price.input} in, $${price.output} out per million)`;
  const first =
    slice === undefined
      ? []
      : [
          `reserved at first: ${slice.outputTokens} tokens out${slice.usd === undefined ? '' : `, $${slice.usd} in all`}; more as it flows`,
        ];
  return [`at most ${tokens}: ${cost}${rate}`, ...first];
}

function budgetText(row: ExplainedBudget): string {
  const { budget, kind = KIND.budget, limit, per = [], soft, amount, every, until, needed, remaining, otherwise } = row;
  const needs = needed === undefined ? 'needs a price' : `needs ${needed}`;
  const left = remaining === undefined ? `of ${amount}` : `${remaining} left of ${amount}`;
  const spans = every === 'Run' ? per : [...per, every.toLowerCase()];
  const ends = until === undefined ? '' : ` until ${until}`;
  const then = otherwise === undefined ? '' : `; what it has no room for ${otherwise}`;
  return `${kind} ${budget} ${limit}: ${needs}, ${left} per ${spans.join(' and ')}${ends}${soft ? ', refuses nothing' : ''}${then}`;
}

function ceilingText({
  object,
  maxInputTokens,
  maxOutputTokens,
  maxUsd,
  observed,
}: Explanation['ceilings'][number]): string {
  const limits = [
    maxInputTokens === undefined ? '' : `${maxInputTokens} tokens in`,
    maxOutputTokens === undefined ? '' : `${maxOutputTokens} tokens out`,
    maxUsd === undefined ? '' : `$${maxUsd}`,
  ];
  return `${object}: at most ${limits.filter((text) => text).join(', ')}${observed ? ' (observed)' : ''}`;
}

function guardrailText({ guardrail, action, observed, found }: Explanation['guardrails'][number]): string {
  const kinds = (found ?? []).map(({ kind, count }) => `${kind} ${count}`).join(', ');
  return `${guardrail}: ${action}${observed ? ' (observed)' : ''}${kinds === '' ? '' : `, finds ${kinds}`}`;
}

/** What is no AIPolicy says its kind. */
const statedBy = (policy: string): string => (policy.includes(' ') ? policy : `AIPolicy ${policy}`);

const ruleLines = ({ required = [], wouldHave = [], failedExpressions = [] }: Explanation): Line[] => [
  ...required.map(({ policy, tags }): Line => ['required', `${statedBy(policy)}: tags ${tags.join(', ')}`]),
  ...wouldHave.map(({ policy, rule, action }): Line => ['would have', `${statedBy(policy)} ${rule}: ${action}`]),
  ...failedExpressions.map(({ expression, reason }): Line => ['failed', `${expression}: ${reason}`]),
];
