/** What every connection to the server has in common. */
import type { ClientConfig } from 'pg';

const CONNECT_WITHIN_MS = 2_000;
const ANSWER_WITHIN_MS = 5_000;

export const connectionTo = (url: string, answerWithinMs = ANSWER_WITHIN_MS) =>
  ({
    connectionString: url,
    application_name: 'remora',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: answerWithinMs,
    statement_timeout: answerWithinMs,
    keepAlive: true,
  }) satisfies ClientConfig;
