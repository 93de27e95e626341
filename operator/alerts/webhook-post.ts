/** One POST to a receiver that nobody trusts: with a deadline, without following it anywhere, and of its answer the status alone. */
import { Agent, request } from 'undici';
import { outcomeOf, type PostOutcome } from '#contract/webhook/post-outcome';

export interface Posted {
  readonly outcome: PostOutcome;
  /** Why it was not taken, in words without the address, which may be a secret. */
  readonly reason: string;
}

interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface WebhookPoster {
  /** Never rejects. */
  post(post: Post): Promise<Posted>;
  close(): Promise<void>;
}

const DEADLINE_MS = 10_000;
const MOST_ANSWER_BYTES = 64 * 1024;

/** `deadlineMs`: from the connection to the last byte. Default 10 s. */
export function openWebhookPoster(deadlineMs = DEADLINE_MS): WebhookPoster {
  // Posts are rare: a connection that is kept would only be one that the receiver has closed.
  const agent = new Agent({ allowH2: false, connections: 2, keepAliveTimeout: 1_000 });
  return {
    async post({ url, headers, body }) {
      const deadline = AbortSignal.timeout(deadlineMs);
      try {
        const answer = await request(url, {
          ...{ method: 'POST', dispatcher: agent, signal: deadline, body },
          headers: { 'content-type': 'application/json', 'user-agent': 'remora', ...headers },
        });
        await answer.body.dump({ limit: MOST_ANSWER_BYTES, signal: deadline }).catch(() => undefined);
        return { outcome: outcomeOf(answer.statusCode), reason: `the receiver answered ${answer.statusCode}` };
      } catch {
        const why = deadline.aborted ? `did not answer within ${deadlineMs / 1000} s` : 'could not be reached';
        return { outcome: 'failed', reason: `the receiver ${why}` };
      }
    },
    close: () => agent.destroy(),
  };
}
