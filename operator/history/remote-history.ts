/** The history that another process keeps, as an operator sees it: rows and changes go there over HTTPS. */
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { encodeRow } from '#contract/history/row-json';
import {
  type Appended,
  type AuditFacts,
  type AuditKept,
  type AuditStore,
  type HistoryStore,
  HistoryUnavailable,
  type KnownPage,
  type KnownScope,
} from '#history/history-store';

export interface RemoteHistoryOptions {
  /** `https://host:port` */
  readonly url: string;
  readonly caPem: string;
  /** Read for each write, since it is renewed. */
  readonly tokenFile: string;
}

/** Less than an intake waits. */
const DEADLINE_MS = 25_000;
const MAX_ANSWER_BYTES = 4 * 2 ** 20;

const count = z.int().min(0);
const appended = z.object({ added: count, repeated: count, bad: count, late: count, fault: z.string().optional() });
const auditKept = z.object({ kept: count, bad: count, fault: z.string().optional() });
const text = z.string();
const knownPage = z.object({
  known: z.array(z.object({ uid: text, kind: text, namespace: text, name: text, generation: count })),
  next: text.optional(),
});

interface Asked {
  readonly path: string;
  /** Without one it is asked by GET. */
  readonly body?: string;
}

export class RemoteHistory implements Pick<HistoryStore, 'append' | 'close'>, AuditStore {
  readonly #options: RemoteHistoryOptions;
  readonly #agent: Agent;

  /** Connects to nothing yet. */
  constructor(options: RemoteHistoryOptions) {
    this.#options = options;
    this.#agent = new Agent({ connect: { ca: options.caPem }, maxResponseSize: MAX_ANSWER_BYTES });
  }

  async append(rows: readonly unknown[]): Promise<Appended> {
    const body = `[${rows.map((row) => encodeRow(row)).join(',')}]`;
    return withFault(await this.#ask({ path: '/v1/rows', body }, appended));
  }

  async audit(facts: AuditFacts): Promise<AuditKept> {
    return withFault(await this.#ask({ path: '/v1/audit-facts', body: JSON.stringify(facts) }, auditKept));
  }

  async auditKnown({ cluster, namespace }: KnownScope, after?: string): Promise<KnownPage> {
    const params = new URLSearchParams({ cluster, ...(namespace && { namespace }), ...(after && { after }) });
    const { known, next } = await this.#ask({ path: `/v1/audit-known?${params}` }, knownPage);
    return { known, next };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #ask<T>(asked: Asked, schema: z.ZodType<T>): Promise<T> {
    try {
      return schema.parse(JSON.parse(await this.#send(asked)));
    } catch (error) {
      throw error instanceof HistoryUnavailable ? error : new HistoryUnavailable(reasonOf(error), error);
    }
  }

  async #send({ path, body }: Asked): Promise<string> {
    const { url, tokenFile } = this.#options;
    const token = (await readFile(tokenFile, 'utf8')).trim();
    const answer = await request(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      dispatcher: this.#agent,
      signal: AbortSignal.timeout(DEADLINE_MS),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body }),
    });
    const said = await answer.body.text();
    if (answer.statusCode === 200) return said;
    throw new HistoryUnavailable(`the history answered ${answer.statusCode}: ${said.trim().slice(0, 500)}`);
  }
}

const withFault = <T extends { readonly fault?: string | undefined }>({ fault, ...counts }: T) => ({
  ...counts,
  ...(fault !== undefined && { fault }),
});

const reasonOf = (error: unknown): string => {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `the history did not answer within ${DEADLINE_MS / 1_000} s`;
  return `the history cannot be reached: ${error instanceof Error ? error.message : String(error)}`;
};
