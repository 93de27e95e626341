/**
 * One of two providers fails, in each way there is, and no client sees it: of many requests, 30 % of them streams, none fails, and a
 * failing target is not hammered. `REMORA_FAULT_REQUESTS` says how many requests for each fault (nightly: 10000).
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CHAT, post, STREAMED_CHAT } from '#test/sidecar/raw-http';
import { type RunningSidecar, startSidecar } from '#test/sidecar/start-sidecar';
import { FREE_RETRIES_PER_SECOND } from '#sidecar/pipeline/attempts/retry-budget';
import { startFaultProxy } from '#test/support/fault-proxy';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { selfSigned } from '#test/support/self-signed';
import { type FaultRow, faultRows } from './faults.ts';

const REQUESTS = Number(process.env.REMORA_FAULT_REQUESTS ?? 100);
const AT_ONCE = 16;
/** Retries over requests, where the turn to another target is none; the free ones of the retry budget come on top. */
const MOST_RETRIED = 0.2;
/** Only what stays silent waits for it. */
const SILENCE_MS = 250;

async function start(t: TestContext, row: FaultRow): Promise<RunningSidecar> {
  const first = await startFakeProvider({ dialect: 'openai' });
  t.after(() => first.close());
  const second = await startFakeProvider({ dialect: 'anthropic' });
  t.after(() => second.close());
  first.respondWith(({ body }) => {
    const fault = body?.stream === true ? row.streamed : row.plain;
    return fault === undefined ? {} : { fault };
  });
  const url = new URL(first.url);
  const proxy = await startFaultProxy(Number(url.port), row.network);
  t.after(() => proxy.close());
  const endpoint = `${row.isTls ? 'https' : 'http'}://127.0.0.1:${proxy.port}${url.pathname}`;
  return startSidecar(t, {
    policy: {
      providers: {
        first: { type: 'OpenAI', endpoint, credential: 'first' },
        second: { type: 'Anthropic', endpoint: second.url, credential: 'second' },
      },
      routes: [
        {
          targets: [
            { provider: 'first', maxRetries: 1, ...(row.isSilent && { timeouts: { firstTokenMs: SILENCE_MS } }) },
          ],
          fallbacks: [{ provider: 'second' }],
        },
      ],
    },
    credentials: { first: 'key-1', second: 'key-2' },
  });
}

/** undefined: as it must be. A stream ends with its terminator, or in the words of its API where it broke after content. */
function failureOf(answer: { readonly status: number; readonly text: string }, isStream: boolean): string | undefined {
  if (answer.status !== 200) return `${answer.status} ${answer.text.slice(0, 200)}`;
  if (!isStream) return answer.text.includes('"error"') ? answer.text.slice(0, 200) : undefined;
  const hasContent = /"content":"[^"]/.test(answer.text);
  const isWhole = answer.text.endsWith('data: [DONE]\n\n') && !answer.text.includes('"error"');
  const saysSo = hasContent && /\ndata: \{"error":/.test(answer.text) && !answer.text.includes('[DONE]');
  return isWhole || saysSo ? undefined : `stream: ${answer.text.slice(-300)}`;
}

async function askMany({ url }: RunningSidecar): Promise<string[]> {
  const failures: string[] = [];
  let asked = 0;
  const worker = async (): Promise<void> => {
    while (asked < REQUESTS) {
      const isStream = asked++ % 10 < 3;
      const failure = failureOf(await post(url, isStream ? STREAMED_CHAT : CHAT), isStream);
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}

/** Attempts on a target that had failed the same request before. */
const retriesIn = ({ records }: RunningSidecar): number =>
  records.reduce((sum, { attempts }) => sum + attempts.length - new Set(attempts.map(({ target }) => target)).size, 0);

for (const row of faultRows(await selfSigned()))
  test(`no request fails while one provider ${row.name} and another one is sound`, async (t) => {
    const running = await start(t, row);
    const startMs = performance.now();
    assert.deepEqual(await askMany(running), []);
    const free = Math.ceil((performance.now() - startMs) / 1_000) * FREE_RETRIES_PER_SECOND;
    assert.deepEqual(running.faults, []);
    const retries = retriesIn(running);
    assert.ok(retries <= REQUESTS * MOST_RETRIED + free, `${retries} retries of ${REQUESTS} requests`);
    if (row.isHarmless) assert.ok(running.records.every(({ attempts }) => attempts.length === 1));
    else
      assert.ok(
        running.records.some(({ attempts }) => attempts[0]?.outcome !== 'ok'),
        'the fault was met',
      );
  });
