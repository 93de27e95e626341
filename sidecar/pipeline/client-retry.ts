/** The client's own retries, as its SDK tells them: what it sends anew is not multiplied by ours. */
import type { Call } from './call.ts';

interface Counter {
  readonly header: string;
  readonly form: RegExp;
  /** Of the number that the header holds for a request that is sent for the first time. */
  readonly first: number;
}

export const RETRY_COUNTERS: readonly Counter[] = [
  // The SDKs of OpenAI and Anthropic.
  { header: 'x-stainless-retry-count', form: /^([0-9]{1,4})$/, first: 0 },
  // Those of AWS: `attempt=2; max=3`, some with a `ttl` before it.
  { header: 'amz-sdk-request', form: /(?:^|; ?)attempt=([0-9]{1,4})(?:;|$)/, first: 1 },
];

/** How often the client has sent this request before; 0 when it does not say. */
export function clientRetryOf({ headers }: Pick<Call, 'headers'>): number {
  for (const { header, form, first } of RETRY_COUNTERS) {
    const value = headers[header];
    const count = typeof value === 'string' ? form.exec(value)?.[1] : undefined;
    if (count !== undefined) return Math.max(Number(count) - first, 0);
  }
  return 0;
}
