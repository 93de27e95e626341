/** The history that another process keeps, as an operator sees it: rows go there over HTTPS. */
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { encodeRow } from '#contract/history/row-json';
import { type Appended, type HistoryStore, HistoryUnavailable } from '#operator/history/history-store';

export interface RemoteHistoryOptions {
  /** `https://host:port` */
  readonly url: string;
  readonly caPem: string;
  /** Read for each write, since it is renewed. */
  readonly tokenFile: string;
}

/** Less than an intake waits. */
const DEADLINE_MS = 25_000;
const MAX_ANSWER_BYTES = 64 * 1024;

const count = z.int().min(0);
const appended = z.object({ added: count, repeated: count, bad: count, late: count, fault: z.string().optional() });

export class RemoteHistory implements Pick<HistoryStore, 'append' | 'close'> {
  readonly #options: RemoteHistoryOptions;
  readonly #agent: Agent;

  /** Connects to nothing yet. */
  constructor(options: RemoteHistoryOptions) {
    this.#options = options;
    this.#agent = new Agent({ connect: { ca: options.caPem }, maxResponseSize: MAX_ANSWER_BYTES });
  }

  async append(rows: readonly unknown[]): Promise<Appended> {
    try {
      return await this.#send(`[${rows.map((row) => encodeRow(row)).join(',')}]`);
    } catch (error) {
      throw error instanceof HistoryUnavailable ? error : new HistoryUnavailable(reasonOf(error), error);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #send(body: string): Promise<Appended> {
    const { url, tokenFile } = this.#options;
    const token = (await readFile(tokenFile, 'utf8')).trim();
    const answer = await request(`${url}/v1/rows`, {
      method: 'POST',
      dispatcher: this.#agent,
      signal: AbortSignal.timeout(DEADLINE_MS),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200)
      throw new HistoryUnavailable(`the history answered ${answer.statusCode}: ${text.trim().slice(0, 500)}`);
    const { fault, ...counts } = appended.parse(JSON.parse(text));
    return { ...counts, ...(fault !== undefined && { fault }) };
  }
}

const reasonOf = (error: unknown): string => {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `the history did not answer within ${DEADLINE_MS / 1_000} s`;
  return `the history cannot be reached: ${error instanceof Error ? error.message : String(error)}`;
};
