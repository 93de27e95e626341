/** What is wrong with one field of an object, in words a user can act on; and a schema's complaints put into such words. */
import type { z } from 'zod';

export interface Problem {
  readonly path: readonly (string | number)[];
  /** What the field must be, without its name: `must be at most 64`. */
  readonly message: string;
}

/** `spec.rules[0].targets[1].model`. */
export const fieldText = (path: Problem['path']): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');

/** `spec.type: must be one of Mock, OpenAI`. */
const problemText = (problem: Problem): string => `${fieldText(problem.path)}: ${problem.message}`;

const MAX_LISTED = 8;

/** Sentences one after the other, without the last full stop. */
export function listed(texts: readonly string[], most = MAX_LISTED): string {
  const more = texts.length - most;
  return texts.slice(0, most).join('. ') + (more > 0 ? `. And ${more} more` : '');
}

export const problemsText = (problems: readonly Problem[]): string => listed(problems.map(problemText));

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object with fields',
  record: 'an object with fields',
};

type Issue = z.core.$ZodIssue;

function sizeMessage(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const [most, limit] = issue.code === 'too_small' ? ['at least', issue.minimum] : ['at most', issue.maximum];
  if (issue.origin === 'string') return `must have ${most} ${limit} characters`;
  if (issue.origin === 'array') return `must have ${most} ${limit} ${Number(limit) === 1 ? 'entry' : 'entries'}`;
  return `must be ${most} ${limit}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined),
    value,
  );
}

function messageOf(issue: Issue, value: unknown): string {
  if (valueAt(value, issue.path) === undefined) return 'is required';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
    case 'too_big':
      return sizeMessage(issue);
    default:
      // Written in contract/resources for users to read, the same sentence as the API server's.
      return issue.message;
  }
}

/** One problem per field: of several complaints about it, the one that was written for its reader says most. */
export function problemsOfIssues(issues: readonly Issue[], value: unknown): Problem[] {
  const byField = new Map<string, Issue>();
  for (const issue of issues) {
    const field = fieldText(pathOf(issue));
    if (!byField.has(field) || issue.code === 'custom') byField.set(field, issue);
  }
  return [...byField.values()].map((issue) => ({ path: pathOf(issue), message: messageOf(issue, value) }));
}

const pathOf = (issue: Issue): (string | number)[] =>
  issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
