/** Which rules of a route do not match a request, and what of each does not fit. */
import { COMPLEXITIES, LATENCIES, TASKS } from '#contract/resources/request-class';
import { isAboutKept } from '#sidecar/canonical/operation';
import { wordsOf } from '#sidecar/classify/words-of';
import { type CompiledRoute, type CompiledRule, routeOf } from '#sidecar/pipeline/policy/snapshot';
import { classOf } from '#sidecar/pipeline/request-class';
import { type Mismatch, mismatchOf, type RouteQuestion } from '#sidecar/pipeline/select-route';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import type { DryRun } from './dry-run.ts';
import type { ExplainedRule } from './explanation.ts';

/** The route of the model that is asked for, whether or not a rule of it matches. */
export function routeAsked({ understood }: DryRun): CompiledRoute | undefined {
  if (understood === undefined || isAboutKept(understood.decoded.request)) return undefined;
  return routeOf(understood.decoded.request.model, understood.snapshot);
}

/** Up to the first that matches; behind it none is looked at. */
export function ruleRows(
  { question, selection }: DryRun,
  route: CompiledRoute | undefined,
  { failedExpressions = [] }: RequestRecord,
): readonly ExplainedRule[] {
  if (route === undefined || question === undefined) return [];
  const rows: ExplainedRule[] = [];
  for (const [index, rule] of route.rules.entries()) {
    const mismatch = index === selection?.rule ? undefined : mismatchOf(rule, question, route);
    if (mismatch === undefined) return [...rows, { index, matches: true }];
    const asking = { question, route, rule, failedExpressions };
    rows.push({ index, matches: false, because: BECAUSE[mismatch](asking) });
  }
  return rows;
}

interface Asking {
  readonly question: RouteQuestion;
  readonly route: CompiledRoute;
  readonly rule: CompiledRule;
  readonly failedExpressions: NonNullable<RequestRecord['failedExpressions']>;
}

const BECAUSE: Readonly<Record<Mismatch, (asking: Asking) => string>> = {
  model: ({ rule }) => `the model is not ${[...rule.models].join(' or ')}`,
  headers: ({ rule, question }) =>
    rule.policy.match.headers
      .filter(({ name, value }) => question.call.headers[name] !== value)
      .map(({ name, value }) => `the header ${name} is not "${value}"`)
      .join(', '),
  caller: ({
    rule: {
      policy: { match },
    },
    question: {
      caller: {
        attribution: { team, region },
      },
    },
  }) =>
    [
      ...(match.teams === undefined || match.teams.includes(team ?? '')
        ? []
        : [`the team is ${team ?? 'not known'}, not ${match.teams.join(' or ')}`]),
      ...(match.regions === undefined || match.regions.includes(region ?? '')
        ? []
        : [`the region is ${region ?? 'not known'}, not ${match.regions.join(' or ')}`]),
    ].join(', '),
  class: classText,
  when: whenText,
};

function whenText({ rule, question, failedExpressions }: Asking): string {
  const failed = failedExpressions.find(({ expression }) => expression === rule.when?.place);
  if (failed !== undefined) return `when cannot be evaluated, which counts as false: ${failed.reason}`;
  const found = [...((rule.when && question.conditions.found?.(rule.when)) ?? [])];
  const values = found.map(([fact, value]) => `${fact} is ${value}`);
  return `when is false: ${rule.policy.when}${values.length === 0 ? '' : ` (${values.join(', ')})`}`;
}

function classText({ question, route, rule: { requestClass: wanted } }: Asking): string {
  const is = wordsOf(classOf(question, route));
  const asked = {
    task: wanted?.task && TASKS[wanted.task],
    complexity: wanted?.complexity && COMPLEXITIES[wanted.complexity],
    latency: wanted?.latency && LATENCIES[wanted.latency],
    costClass: wanted?.costClass,
  };
  return (Object.keys(asked) as (keyof typeof asked)[])
    .filter((name) => asked[name] !== undefined && asked[name] !== is[name])
    .map((name) => `${WORD[name]} is ${is[name] ?? 'not known'}, not ${asked[name]}`)
    .join(', ');
}

const WORD = { task: 'the task', complexity: 'the complexity', latency: 'the latency', costClass: 'the tier' } as const;
