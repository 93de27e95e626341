/** The paths of the history. */
import { reportCsv, reportJson } from '#contract/history/render-report';
import { QUESTIONS, reportQueryOf } from '#contract/history/report-request';
import { RequestFault } from '#contract/history/request-fault';
import { rowOfValue } from '#contract/history/row-json';
import { AUDIT, AUDIT_FACTS, AUDIT_KNOWN } from './audit-routes.ts';
import { correct } from './audited-correction.ts';
import { correctionOf } from './correction.ts';
import { csvAnswer, formatOf, jsonAnswer, jsonOf, type Route } from './route.ts';

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
