/** What a path of the history is: how it is asked, what right it needs, and its answer. */
import { REPORT_FORMATS } from '#contract/history/report-request';
import { RequestFault } from '#contract/history/request-fault';
import type { HistoryStore } from '#history/history-store';

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

export const csvAnswer = (text: string): Answer => ({ status: 200, type: 'text/csv; charset=utf-8', text });

/** Throws RequestFault. */
export function formatOf({ params, accept }: Asked): string {
  const format = params.get('format') ?? (/^text\/csv\b/.test(accept) ? 'csv' : 'json');
  if ((REPORT_FORMATS as readonly string[]).includes(format)) return format;
  throw new RequestFault(`format: must be ${REPORT_FORMATS.join(' or ')}`);
}

/** Throws RequestFault. */
export function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new RequestFault('the body must be JSON');
  }
}
