/** `docs/reference/resilience.md`: what is promised, and what follows from each kind of failure, from the tables and the numbers that the sidecar itself goes by. */
import { DEFAULT_CIRCUIT_BREAKER } from '#contract/compile/defaults';
import { METRIC } from '#contract/names/metrics';
import {
  DEFAULT_HEDGE_PERCENT,
  DEFAULT_RETRY,
  RETRY_CONDITIONS,
  type RetryCondition,
} from '#contract/resources/route-resilience';
import type { AttemptFailureKind } from '#sidecar/errors/attempt-failure';
import { type Blame, FAILURE_KINDS, type FailureKindRow, type Follow, isOutage } from '#sidecar/errors/failure-kinds';
import { finalCodeOf } from '#sidecar/errors/final-error';
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, LONGEST_WAIT_MS } from '#sidecar/pipeline/attempts/decide-next';
import { HINT_HEADERS } from '#sidecar/pipeline/attempts/retry-after';
import { BUDGET_WINDOW_MS, FREE_RETRIES_PER_SECOND, HEDGES } from '#sidecar/pipeline/attempts/retry-budget';
import { RETRY_COUNTERS } from '#sidecar/pipeline/client-retry';
import { LONGEST_OPEN_MS, MINIMUM_VOLUME, WINDOW_MS } from '#sidecar/pipeline/health/circuit-breaker';
import { COOL_DOWN_MS, LONGEST_COOL_DOWN_MS } from '#sidecar/pipeline/health/cool-downs';
import { type RetryDenial, SUPERSEDED } from '#sidecar/telemetry/request-record';
import { promises } from './generate-promises.ts';
import { MARKDOWN_BANNER } from './generated.ts';
import { code, page, table } from './markdown.ts';

const seconds = (ms: number): string => `${ms / 1000} s`;

const FOLLOWS: Readonly<Record<Follow, string>> = {
  backoff: 'the same target after a backoff, then the next one',
  hint: 'the same target after the stated time if that is short, else the next one',
  next: 'the next target',
  'give-up': 'the end: nobody else is asked',
};

const BLAMES: Readonly<Record<Blame, string>> = {
  provider: 'the provider',
  path: 'the way to it',
  account: 'our account',
  request: 'the request',
  nobody: 'nobody',
};

const DENIALS: Readonly<Record<RetryDenial, string>> = {
  BudgetSpent: 'the retries of the route have reached `retry.budgetPercent`',
  ClientRetries: 'the client says that it sends the request again by itself',
  MayBeBilled:
    'a picture, speech or a transcript that the provider may have made, and billed, already: the connection broke or the time was over after the request was sent',
  TargetUnfit: 'the circuit breaker of the target opened meanwhile, and another target is left',
};

const isTriedByDefault = (condition: RetryCondition): boolean => DEFAULT_RETRY.on.some((each) => each === condition);

const conditionOf = ({ condition }: FailureKindRow): string => {
  if (condition === null) return 'never';
  return isTriedByDefault(condition) ? code(condition) : `${code(condition)}, not by default`;
};

function failures(): string {
  const rows = (Object.entries(FAILURE_KINDS) as [AttemptFailureKind, FailureKindRow][]).map(([kind, row]) => [
    code(kind),
    row.meaning,
    FOLLOWS[row.follow],
    conditionOf(row),
    isOutage({ kind }) ? 'counts' : 'does not count',
    BLAMES[row.blame],
    code(finalCodeOf(kind)),
  ]);
  return page(
    '## Failures',
    'The kind is the `outcome` of an attempt in the log and in metrics. All of this holds before the first content event reached the client; after it nothing is tried again. ' +
      'Whatever the client or the sidecar itself cut short counts neither way.',
    table(
      ['Kind', 'What was seen', 'What follows', '`retry.on`', 'Circuit breaker', 'At fault', 'Error if it is the last'],
      rows,
    ),
  );
}

const retries = (): string =>
  page(
    '## Retries',
    'A retry is a further attempt on the same target, at most `maxRetries` of them; the next target is no retry and is not bounded by any of this.',
    table(
      ['What', 'How much'],
      [
        [
          'Backoff',
          `full jitter up to ${BACKOFF_BASE_MS} ms, doubled with each retry up to ${seconds(BACKOFF_CAP_MS)}`,
        ],
        [
          'A wait that a provider asks for',
          `kept to if it is ${seconds(LONGEST_WAIT_MS)} or less and ends before \`timeouts.total\`; a longer one leads to the next target, and to the client as \`retry-after\``,
        ],
        [
          'A target that limits the rate',
          `is tried after all others for as long as it asks for, up to ${seconds(LONGEST_COOL_DOWN_MS)}, or ${seconds(COOL_DOWN_MS)} where it asks for nothing, or until it answers`,
        ],
        [
          'Budget of a route',
          `\`retry.budgetPercent\` (default ${DEFAULT_RETRY.budgetPercent}) of its requests of the last ${seconds(BUDGET_WINDOW_MS)} in this sidecar; ${FREE_RETRIES_PER_SECOND} per second are free`,
        ],
        [
          'A connection that does not stand',
          'made once more at once, on a new socket, where no byte can have been sent; that is no retry',
        ],
        ['A provider that answers `x-should-retry: false`', 'is not asked again'],
      ],
    ),
    `Conditions of \`retry.on\`: ${RETRY_CONDITIONS.map(code).join(', ')}. By default all but ${RETRY_CONDITIONS.filter(
      (each) => !isTriedByDefault(each),
    )
      .map(code)
      .join(', ')}.`,
    `A client that repeats its requests by itself, and says so (${RETRY_COUNTERS.map(({ header }) => code(header)).join(', ')}), gets one attempt per target: otherwise its tries and ours would multiply. The log shows the number as \`clientRetry\`. ` +
      'An error after an attempt carries `x-should-retry: false`, which the official SDKs obey.',
    'Why a retry was not made, as `retriesDenied` in the log and in metrics:',
    table(
      ['Reason', 'Meaning'],
      Object.entries(DENIALS).map(([reason, meaning]) => [code(reason), meaning]),
    ),
  );

const hedges = (): string =>
  page(
    '## Hedging',
    'Only where an AIRoute states `hedge`: the next target is asked as well while the first one is late, and whichever answers first is heard. The other is ended and booked, as the ' +
      `outcome ${code(SUPERSEDED)}, which says nothing of the target.`,
    table(
      ['What', 'How much'],
      [
        [
          'The wait',
          '`hedge.after`; else the 95th percentile of the times to the first content of the target, of its answers alone',
        ],
        [
          'Hedges of a route',
          `\`hedge.maxPercent\` (default ${DEFAULT_HEDGE_PERCENT}) of its requests of the last ${seconds(HEDGES.span.bucketMs * HEDGES.span.buckets)} in this sidecar, of those that may have one; none is free`,
        ],
        ['Exchanges at one time', 'two; while there are two nothing is tried again'],
        [
          'A target that a circuit breaker lets one request try out',
          'counts as failed if it is superseded later than that percentile',
        ],
      ],
    ),
  );

const hints = (): string =>
  page(
    '## What providers ask us to wait',
    'The first that is there counts: ' +
      HINT_HEADERS.slice(0, 3).map(code).join(', ') +
      ' (seconds or a date), `RetryInfo` in the body (Google). Where a refusal by rate has none of them, the time when its limits are whole again does, as a duration, a moment or seconds; of limits that are used up the longest: ' +
      `${HINT_HEADERS.slice(3).map(code).join(', ')}.`,
  );

const breaker = (): string =>
  page(
    '## Circuit breaker',
    "One per model of an AIProvider; routes that state the same thresholds and the same `timeouts.firstToken` share it. It is the sidecar's own, and forgotten when that restarts.",
    table(
      ['It opens', 'Default'],
      [
        [
          'after so many failures in a row (`consecutiveFailures`)',
          String(DEFAULT_CIRCUIT_BREAKER.consecutiveFailures),
        ],
        [
          `when so much of the attempts of the last ${seconds(WINDOW_MS)} failed (\`errorPercent\`), of ${MINIMUM_VOLUME} or more`,
          `${DEFAULT_CIRCUIT_BREAKER.errorPercent} %`,
        ],
        [
          `when more than 5 % of the streams of the last ${seconds(WINDOW_MS)}, of ${MINIMUM_VOLUME} or more, were slower to their first content (\`firstTokenP95\`)`,
          'off',
        ],
      ],
    ),
    table(
      ['State', 'What happens'],
      [
        ['closed', 'nothing'],
        [
          'open',
          `for \`openFor\` (default ${seconds(DEFAULT_CIRCUIT_BREAKER.openForMs)}) the target is tried after all others. Where nobody else is left it is asked all the same: a possible answer is never refused`,
        ],
        [
          'half-open',
          `then one request at a time tries it out. A success closes the breaker; a failure opens it for twice as long, up to ${seconds(LONGEST_OPEN_MS)} or \`openFor\` if that is longer`,
        ],
      ],
    ),
    "Time in which the sidecar did not run (stopped, or without processor) is nobody's delay: deadlines do not pass in it. An open breaker is told to the other sidecars as a hint (`outage`), unless the way to the provider is at fault, which may be the pod's own; a hint moves a target to the end of the order until the sidecar itself saw it work, and opens nothing.",
    table(
      ['Metric', 'Meaning'],
      [METRIC.circuitBreaker, METRIC.retries, METRIC.retriesDenied, METRIC.hedges].map(({ name, help }) => [
        code(name),
        help,
      ]),
    ),
  );

export function resiliencePage(): Map<string, string> {
  const intro =
    'What is promised, and what a sidecar does when a target fails. How to set it: [the guide](../guides/resilience.md); the fields: [AIRoute](resources.md#airoute).';
  const text = page(
    MARKDOWN_BANNER,
    '# Resilience',
    intro,
    promises(),
    failures(),
    retries(),
    hedges(),
    hints(),
    breaker(),
  );
  return new Map([['docs/reference/resilience.md', text]]);
}
