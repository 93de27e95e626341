/** What can be asked of the history over HTTPS: a path, how it is asked, what right it needs, and its answer. */

import { reportCsv, reportJson } from '#contract/history/render-report';
import { QUESTIONS, REPORT_FORMATS, RequestFault, reportQueryOf } from '#contract/history/report-request';
import { rowOfValue } from '#contract/history/row-json';
import { formatUsd } from '#contract/policy/money';
import type { HistoryStore } from '#operator/history/history-store';
import { correctionOf } from './correction.ts';

export interface RouteParts {
  readonly store: Pick<HistoryStore, 'append' | 'report' | 'rerate'>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface Asked {
  readonly params: URLSearchParams;
  readonly body: string;
  /** The header. */
  readonly accept: string;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** As a ClusterRole has it. */
  readonly verb: 'get' | 'post';
  /** Rejects with RequestFault, or as the store does. */
  readonly answer: (asked: Asked, parts: RouteParts) => Promise<Answer>;
}

export const jsonAnswer = (value: unknown): Answer => ({
  status: 200,
  type: 'application/json',
  text: `${JSON.stringify(value)}\n`,
});

const REPORT: Route = {
  method: 'GET',
  verb: 'get',
  async answer({ params, accept }, { store, now }) {
    const format = params.get('format') ?? (/^text\/csv\b/.test(accept) ? 'csv' : 'json');
    if (!(REPORT_FORMATS as readonly string[]).includes(format))
      throw new RequestFault(`format: must be ${REPORT_FORMATS.join(' or ')}`);
    const query = reportQueryOf(params, now());
    const report = await store.report(query);
    return format === 'csv'
      ? { status: 200, type: 'text/csv; charset=utf-8', text: reportCsv(report) }
      : { status: 200, type: 'application/json', text: reportJson(report, query) };
  },
};

const question = (name: string): Route | undefined => {
  const questionOf = Object.hasOwn(QUESTIONS, name) ? QUESTIONS[name] : undefined;
  return (
    questionOf && {
      method: 'GET',
      verb: 'get',
      async answer({ params }, { store, now }) {
        const { query, answer } = questionOf(params, now());
        return { status: 200, type: 'text/plain; charset=utf-8', text: `${answer(await store.report(query))}\n` };
      },
    }
  );
};

/** From an operator, which has seen whose they are. */
const ROWS: Route = {
  method: 'POST',
  verb: 'post',
  async answer({ body }, { store, now }) {
    const rows = jsonOf(body);
    if (!Array.isArray(rows)) throw new RequestFault('the body must be a list of rows');
    return jsonAnswer(await store.append(rows.map(rowOfValue), now()));
  },
};

const RERATE: Route = {
  method: 'POST',
  verb: 'post',
  async answer({ body }, { store }) {
    const { rows, differenceNanoUsd } = await store.rerate(correctionOf(jsonOf(body)));
    return jsonAnswer({ rows, differenceUsd: formatUsd(differenceNanoUsd) });
  },
};

const ROUTES: Readonly<Record<string, Route>> = { report: REPORT, rows: ROWS, rerate: RERATE };

/** undefined: there is nothing at this path. */
export function routeOf(path: string): Route | undefined {
  const [, version, name = '', asked, ...more] = path.split('/');
  if (version !== 'v1' || more.length > 0) return undefined;
  if (asked !== undefined) return name === 'report' ? question(asked) : undefined;
  return Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new RequestFault('the body must be JSON');
  }
}
