/** What can be asked of the history over HTTPS: a path, how it is asked, what right it needs, and its answer. */

import { auditQueryOf } from '#contract/history/audit-request';
import { auditCsv, auditJson } from '#contract/history/render-audit';
import { reportCsv, reportJson } from '#contract/history/render-report';
import { QUESTIONS, REPORT_FORMATS, reportQueryOf } from '#contract/history/report-request';
import { RequestFault } from '#contract/history/request-fault';
import { rowOfValue } from '#contract/history/row-json';
import type { HistoryStore } from '#operator/history/history-store';
import { correct } from './audited-correction.ts';
import { correctionOf } from './correction.ts';

export interface RouteParts {
  readonly store: Pick<HistoryStore, 'append' | 'report' | 'rerate' | 'audit' | 'auditKnown' | 'auditRecords'>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface Asked {
  readonly params: URLSearchParams;
  readonly body: string;
  /** The header. */
  readonly accept: string;
  /** As the API server knows whoever asks. */
  readonly user: string;
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
  /** A ClusterRole of the chart that gives it, without the name of the release. */
  readonly role: 'report-reader' | 'report-corrector' | 'audit-reader' | 'history-writer';
  /** Rejects with RequestFault, or as the store does. */
  readonly answer: (asked: Asked, parts: RouteParts) => Promise<Answer>;
}

export const jsonAnswer = (value: unknown): Answer => ({
  status: 200,
  type: 'application/json',
  text: `${JSON.stringify(value)}\n`,
});

const csvAnswer = (text: string): Answer => ({ status: 200, type: 'text/csv; charset=utf-8', text });

/** Throws RequestFault. */
function formatOf({ params, accept }: Asked): string {
  const format = params.get('format') ?? (/^text\/csv\b/.test(accept) ? 'csv' : 'json');
  if ((REPORT_FORMATS as readonly string[]).includes(format)) return format;
  throw new RequestFault(`format: must be ${REPORT_FORMATS.join(' or ')}`);
}

const REPORT: Route = {
  method: 'GET',
  verb: 'get',
  role: 'report-reader',
  async answer(asked, { store, now }) {
    const format = formatOf(asked);
    const { params } = asked;
    const query = reportQueryOf(params, now());
    const report = await store.report(query);
    return format === 'csv'
      ? csvAnswer(reportCsv(report))
      : { status: 200, type: 'application/json', text: reportJson(report, query) };
  },
};

const question = (name: string): Route | undefined => {
  const questionOf = Object.hasOwn(QUESTIONS, name) ? QUESTIONS[name] : undefined;
  return (
    questionOf && {
      method: 'GET',
      verb: 'get',
      role: 'report-reader',
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
  role: 'history-writer',
  async answer({ body }, { store, now }) {
    const rows = jsonOf(body);
    if (!Array.isArray(rows)) throw new RequestFault('the body must be a list of rows');
    return jsonAnswer(await store.append(rows.map(rowOfValue), now()));
  },
};

const RERATE: Route = {
  method: 'POST',
  verb: 'post',
  role: 'report-corrector',
  async answer({ body, user }, parts) {
    return jsonAnswer(await correct(correctionOf(jsonOf(body)), user, parts));
  },
};

/** Newest first; in CSV the place to go on from is the header `x-remora-next`. */
const AUDIT: Route = {
  method: 'GET',
  verb: 'get',
  role: 'audit-reader',
  async answer(asked, { store, now }) {
    const format = formatOf(asked);
    const page = auditJson(await store.auditRecords(auditQueryOf(asked.params, now())));
    if (format === 'json') return jsonAnswer(page);
    return { ...csvAnswer(auditCsv(page.records)), ...(page.next && { headers: { 'x-remora-next': page.next } }) };
  },
};

/** From an operator. */
const AUDIT_FACTS: Route = {
  method: 'POST',
  verb: 'post',
  role: 'history-writer',
  async answer({ body }, { store }) {
    const told = jsonOf(body) as { readonly cluster?: unknown; readonly facts?: unknown } | null;
    if (typeof told?.cluster !== 'string' || !Array.isArray(told.facts))
      throw new RequestFault('the body must be an object with `cluster` and `facts`');
    return jsonAnswer(await store.audit({ cluster: told.cluster, facts: told.facts }));
  },
};

/** For an operator, which looks what of it is not so any more. */
const AUDIT_KNOWN: Route = {
  method: 'GET',
  verb: 'get',
  role: 'history-writer',
  async answer({ params }, { store }) {
    const [cluster, namespace] = [params.get('cluster'), params.get('namespace') ?? undefined];
    if (cluster === null) throw new RequestFault('cluster: must be named');
    return jsonAnswer(await store.auditKnown({ cluster, namespace }, params.get('after') ?? undefined));
  },
};

const ROUTES: Readonly<Record<string, Route>> = {
  report: REPORT,
  rows: ROWS,
  rerate: RERATE,
  audit: AUDIT,
  'audit-facts': AUDIT_FACTS,
  'audit-known': AUDIT_KNOWN,
};

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
