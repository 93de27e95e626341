/** A report as it is asked for in a URL or on a command line: `by=team,model&period=month&where=team=growth`. */
import { costPerSession, type Days, dearestTeam, type Question } from './questions.ts';
import { type ReportQuery, reportQuery } from './report.ts';
import { RequestFault, refuseOthers } from './request-fault.ts';
import { LABELS } from './usage-row.ts';

export const REPORT_FORMATS = ['json', 'csv'] as const;

/** The month that `nowMs` is in, by UTC, to its end. */
export function thisMonth(nowMs: number): Days {
  const now = new Date(nowMs);
  const first = (later: number): string =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + later)).toISOString().slice(0, 10);
  return { from: first(0), to: first(1) };
}

const daysOf = (params: URLSearchParams, nowMs: number): Days => {
  const { from, to } = thisMonth(nowMs);
  return { from: params.get('from') ?? from, to: params.get('to') ?? to };
};

const REPORT_PARAMETERS = ['by', 'period', 'from', 'to', 'where', 'top', 'format'];

/** Throws RequestFault. */
export function reportQueryOf(params: URLSearchParams, nowMs: number): ReportQuery {
  refuseOthers(params, REPORT_PARAMETERS);
  const [period, top] = [params.get('period'), params.get('top')];
  const { data, error } = reportQuery.safeParse({
    ...daysOf(params, nowMs),
    by: (params.get('by') ?? '').split(',').filter((label) => label !== ''),
    where: whereOf(params.getAll('where')),
    ...(period !== null && { period }),
    ...(top !== null && { top: /^[0-9]{1,6}$/.test(top) ? Number(top) : top }),
  });
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw new RequestFault(`${issue?.path.join('.')}: ${issue?.message}`);
}

/** `team=a`, `team=b`: either of them. */
function whereOf(stated: readonly string[]): Record<string, string[]> {
  const where = new Map<string, string[]>();
  for (const one of stated) {
    const equals = one.indexOf('=');
    if (equals < 1) throw new RequestFault('where: must be label=value, such as team=growth');
    const label = one.slice(0, equals);
    if (!LABELS.some((known) => known === label))
      throw new RequestFault(`where: there is no label ${label}; there are ${LABELS.join(', ')}`);
    where.set(label, [...(where.get(label) ?? []), one.slice(equals + 1)]);
  }
  return Object.fromEntries(where);
}

const SESSION_LABELS = ['feature', 'workload', 'project', 'team'] as const;

/** Questions with an answer in one line, by name. Each throws RequestFault. */
export const QUESTIONS: Readonly<Record<string, (params: URLSearchParams, nowMs: number) => Question>> = {
  'dearest-team'(params, nowMs) {
    refuseOthers(params, ['provider', 'from', 'to']);
    return checked(dearestTeam(required(params, 'provider'), daysOf(params, nowMs)));
  },
  'per-session'(params, nowMs) {
    refuseOthers(params, [...SESSION_LABELS, 'from', 'to']);
    const [label, ...others] = SESSION_LABELS.filter((name) => params.has(name));
    if (label === undefined || others.length > 0)
      throw new RequestFault(`one of ${SESSION_LABELS.join(', ')} must be named`);
    return checked(costPerSession(label, required(params, label), daysOf(params, nowMs)));
  },
};

function checked(question: Question): Question {
  const { error } = reportQuery.safeParse(question.query);
  if (error === undefined) return question;
  const [issue] = error.issues;
  throw new RequestFault(`${issue?.path.join('.')}: ${issue?.message}`);
}

function required(params: URLSearchParams, name: string): string {
  const value = params.get(name);
  if (value) return value;
  throw new RequestFault(`${name}: must be named`);
}
