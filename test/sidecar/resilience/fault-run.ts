/** One provider that fails in a stated way, a sound one behind it, and many requests through a whole sidecar before both. */

import { DEFAULT_CIRCUIT_BREAKER } from '#contract/compile/defaults';
import { CHAT, post, STREAMED_CHAT } from '#test/sidecar/raw-http';
import { type PolicyWords, type RunningSidecar, startSidecar } from '#test/sidecar/start-sidecar';
import { startFaultProxy } from '#test/support/fault-proxy';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import type { FaultRow } from './faults.ts';

const AT_ONCE = 16;
/** Only what stays silent waits for it. */
const SILENCE_MS = 250;

interface Scope {
  after(release: () => Promise<void>): void;
}

export interface FaultyPair {
  readonly running: RunningSidecar;
  /** From now on the failing provider is sound as well. */
  recover(): Promise<void>;
}

/** `route`: beside the targets. */
export async function startPair(
  scope: Scope,
  row: FaultRow,
  route: Partial<PolicyWords['routes'][number]> = {},
): Promise<FaultyPair> {
  const first = await startFakeProvider({ dialect: 'openai' });
  scope.after(() => first.close());
  const second = await startFakeProvider({ dialect: 'anthropic' });
  scope.after(() => second.close());
  first.respondWith(({ body }) => {
    const fault = body?.stream === true ? row.streamed : row.plain;
    return fault === undefined ? {} : { fault };
  });
  const url = new URL(first.url);
  const proxy = await startFaultProxy(Number(url.port), row.network);
  scope.after(() => proxy.close());
  const endpoint = `${row.isTls ? 'https' : 'http'}://127.0.0.1:${proxy.port}${url.pathname}`;
  const running = await startSidecar(scope, {
    policy: {
      providers: {
        first: { type: 'OpenAI', endpoint, credential: 'first' },
        second: { type: 'Anthropic', endpoint: second.url, credential: 'second' },
      },
      routes: [
        {
          targets: [
            {
              provider: 'first',
              maxRetries: 1,
              circuitBreaker: DEFAULT_CIRCUIT_BREAKER,
              ...(row.isSilent && { timeouts: { firstTokenMs: SILENCE_MS } }),
            },
          ],
          fallbacks: [{ provider: 'second', maxRetries: 1, circuitBreaker: DEFAULT_CIRCUIT_BREAKER }],
          ...route,
        },
      ],
    },
    credentials: { first: 'key-1', second: 'key-2' },
  });
  const recover = async (): Promise<void> => {
    first.respondWith({});
    await proxy.set({ kind: 'none' });
  };
  return { running, recover };
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

export interface Asked {
  readonly failures: readonly string[];
  /** Until the answer was whole, of each request in the order of their ends. */
  readonly tookMs: readonly number[];
}

/** 30 % of them are streams. */
export async function askMany({ url }: RunningSidecar, requests: number): Promise<Asked> {
  const failures: string[] = [];
  const tookMs: number[] = [];
  let asked = 0;
  const worker = async (): Promise<void> => {
    while (asked < requests) {
      const isStream = asked++ % 10 < 3;
      const startMs = performance.now();
      const failure = failureOf(await post(url, isStream ? STREAMED_CHAT : CHAT), isStream);
      tookMs.push(performance.now() - startMs);
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { failures, tookMs };
}

/** Attempts on a target that had failed the same request before. */
export const retriesIn = ({ records }: RunningSidecar): number =>
  records.reduce((sum, { attempts }) => sum + attempts.length - new Set(attempts.map(({ target }) => target)).size, 0);
