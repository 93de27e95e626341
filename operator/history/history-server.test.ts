import assert from 'node:assert/strict';
import { request } from 'node:https';
import { type TestContext, test } from 'node:test';
import type { ReportAnswer } from '#contract/history/report';
import { HistoryUnavailable } from '#history/history-store';
import { selfSigned } from '#test/support/self-signed';
import { createHistoryServer, type HistoryServerOptions } from './history-server.ts';

interface Answered {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly message: string;
}

/** A disk that never answers a report, unless the test gives another one. */
async function open(t: TestContext, more: Partial<HistoryServerOptions> = {}) {
  const { cert, key } = await selfSigned();
  const asked = { reports: 0 };
  const server = createHistoryServer({
    tls: { certPem: cert, keyPem: key },
    access: async () => ({ access: 'allowed', user: 'ann' }),
    store: {
      append: () => Promise.reject(new HistoryUnavailable('the disk is full')),
      rerate: () => Promise.reject(new HistoryUnavailable('the disk is full')),
      audit: () => Promise.reject(new HistoryUnavailable('the disk is full')),
      auditKnown: () => Promise.reject(new HistoryUnavailable('the disk is full')),
      auditRecords: () => Promise.reject(new HistoryUnavailable('the disk is full')),
      report() {
        asked.reports += 1;
        return new Promise<ReportAnswer>(() => {});
      },
    },
    log: { info: () => {}, warn: () => {} },
    now: () => Date.UTC(2026, 10, 21),
    ...more,
  });
  const port = await server.listen('127.0.0.1', 0);
  t.after(() => server.close());
  const ask = (path: string, body?: string): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const outgoing = request({
        ...{ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false },
        method: body === undefined ? 'GET' : 'POST',
      });
      outgoing.once('error', reject);
      outgoing.once('response', (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.once('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            retryAfter: incoming.headers['retry-after'],
            message: JSON.parse(text).message,
          }),
        );
      });
      outgoing.end(body);
    });
  return { ask, asked };
}

test('a report that takes too long is given up with 504, and holds its place, but none of rows, until the disk is done with it', async (t) => {
  const { ask, asked } = await open(t, { answerWithinMs: 50 });
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask('/v1/report')));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([504]));
  assert.equal(asked.reports, 8);
  const { status, retryAfter } = await ask('/v1/report');
  assert.deepEqual([status, retryAfter, asked.reports], [503, '5', 8]);
  assert.equal((await ask('/v1/rows', '[]')).message, 'the disk is full', 'rows have places of their own');
});

test('a history that is away is 503 with its own words and when to come again', async (t) => {
  const { ask } = await open(t);
  assert.deepEqual(await ask('/v1/rows', '[]'), { status: 503, retryAfter: '5', message: 'the disk is full' });
});

test('an API server that cannot be asked about a token lets nobody in', async (t) => {
  const { ask, asked } = await open(t, { access: () => Promise.reject(new Error('it is away')) });
  const { status } = await ask('/v1/report');
  assert.deepEqual([status, asked.reports], [503, 0]);
});

test('a body that is too large is refused, and one that is none is said to be none', async (t) => {
  const { ask } = await open(t);
  assert.equal((await ask('/v1/rows', ' '.repeat(33 * 2 ** 20))).status, 413);
  assert.deepEqual((await ask('/v1/rows', '{')).message, 'the body must be JSON');
});
