/**
 * Whether an object is right in itself, without looking at any other: the schema with its rules, and what neither it nor an API server
 * can say, such as the longest match of a pattern, or whether an expression asks for what there is.
 */
import { compileExpression } from '#contract/expressions/compile-expression';
import { longestMatch, MAX_OUTPUT_MATCH_LENGTH } from '#contract/policy/pattern-length';
import type { AIPolicy } from '#contract/resources/ai-policy';
import type { AIProvider } from '#contract/resources/ai-provider';
import type { AIRoute } from '#contract/resources/ai-route';
import { parseCron } from '#contract/resources/cron';
import { type Resource, resource } from '#contract/resources/kinds';
import { type Problem, problemsOfIssues } from './problem.ts';
import { isTimeZone } from './time-zone.ts';

export type CheckedResource =
  | { readonly ok: true; readonly resource: Resource }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Never throws, whatever the value is. */
export function checkResource(value: unknown): CheckedResource {
  const parsed = resource.safeParse(value);
  if (!parsed.success) return { ok: false, problems: problemsOfIssues(parsed.error.issues, value) };
  const problems = contentProblems(parsed.data);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, resource: parsed.data };
}

function contentProblems(object: Resource): Problem[] {
  switch (object.kind) {
    case 'AIProvider':
      return endpointProblems(object);
    case 'AIRoute':
      return [...headerProblems(object), ...addressProblems(object), ...whenProblems('rules', object.spec.rules)];
    case 'AIPolicy':
      return [
        ...patternProblems(object),
        ...whenProblems('require', object.spec.require),
        ...whenProblems('priority', object.spec.priority),
        ...windowProblems(object),
      ];
    case 'AIBudget':
      return zoneProblems(object.spec.timezone, ['spec']);
    case 'AIKey':
      return [];
  }
}

function endpointProblems({ spec }: AIProvider): Problem[] {
  const message = 'must be a URL with a port of at most 65535, if any';
  const isBad = (url: string | undefined): boolean => url !== undefined && !URL.canParse(url);
  return [
    ...(isBad(spec.endpoint) ? [{ path: ['spec', 'endpoint'], message }] : []),
    ...(spec.endpoints ?? []).flatMap((url, index) =>
      isBad(url) ? [{ path: ['spec', 'endpoints', index], message }] : [],
    ),
    ...(isBad(`http://${spec.service?.hostname ?? 'service'}`)
      ? [{ path: ['spec', 'service', 'hostname'], message: 'must be the name of a host' }]
      : []),
  ];
}

function addressProblems({ spec }: AIRoute): Problem[] {
  return (spec.callback?.allow ?? []).flatMap((address, index) =>
    URL.canParse(address)
      ? []
      : [{ path: ['spec', 'callback', 'allow', index], message: 'must have a port of at most 65535, if any' }],
  );
}

/** A list map compares names as they are written; headers differ by more than case only. */
function headerProblems({ spec }: AIRoute): Problem[] {
  return (spec.rules ?? []).flatMap((rule, index) => {
    const names = (rule.match?.headers ?? []).map((header) => header.name.toLowerCase());
    return names.flatMap((name, at) =>
      names.indexOf(name) === at
        ? []
        : [{ path: ['spec', 'rules', index, 'match', 'headers', at, 'name'], message: `"${name}" is stated twice` }],
    );
  });
}

function whenProblems(list: string, entries: readonly { readonly when?: string | undefined }[] = []): Problem[] {
  return entries.flatMap(({ when }, index) => {
    const compiled = when === undefined ? undefined : compileExpression(when);
    return compiled === undefined || compiled.ok
      ? []
      : [{ path: ['spec', list, index, 'when'], message: compiled.message }];
  });
}

function windowProblems({ spec }: AIPolicy): Problem[] {
  return spec.priority.flatMap(({ during }, index) => {
    if (during === undefined) return [];
    const path = ['spec', 'priority', index, 'during'];
    return [
      ...(parseCron(during.cron).isEmpty
        ? [{ path: [...path, 'cron'], message: 'no month that it names has such a day' }]
        : []),
      ...zoneProblems(during.timezone, path),
    ];
  });
}

const zoneProblems = (name: string, path: readonly (string | number)[]): Problem[] =>
  isTimeZone(name) ? [] : [{ path: [...path, 'timezone'], message: `there is no time zone "${name}"` }];

function patternProblems({ spec }: AIPolicy): Problem[] {
  return spec.guardrails.flatMap(({ patterns, stage }, i) =>
    patterns.flatMap((pattern, j) => {
      const message = stage === 'Output' ? lengthFault(pattern) : undefined;
      return message === undefined ? [] : [{ path: ['spec', 'guardrails', i, 'patterns', j], message }];
    }),
  );
}

function lengthFault(pattern: string): string | undefined {
  if (longestMatch(pattern) <= MAX_OUTPUT_MATCH_LENGTH) return undefined;
  return `must not match more than ${MAX_OUTPUT_MATCH_LENGTH} characters, since a stream is held back that long; bound what repeats, such as [a-z]{1,64} for [a-z]+`;
}
