/** What the log says of expressions that could not be evaluated: each once, since each request would say the same; the metric counts them all. */
import type { RequestRecord } from './request-record.ts';

/** The part of pino that is used here. */
interface WarningLog {
  warn(fields: object, message: string): void;
}

/** Policies that come and go must not fill the memory. */
const MOST_TOLD = 1_000;

export function expressionLogger(log: WarningLog): (request: Pick<RequestRecord, 'failedExpressions'>) => void {
  const told = new Set<string>();
  return ({ failedExpressions }) => {
    if (failedExpressions === undefined) return;
    for (const { expression, reason } of failedExpressions) {
      const key = `${expression} ${reason}`;
      if (told.has(key)) continue;
      if (told.size >= MOST_TOLD) told.clear();
      told.add(key);
      log.warn({ expression, reason }, 'an expression could not be evaluated for a request');
    }
  };
}
