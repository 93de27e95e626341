/** A connection that hears what is notified on a channel, made anew whenever it breaks. What is notified meanwhile is lost. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { connectionTo } from './connection.ts';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
/** So that a server that went away without a word is found, and nothing between it and us takes the connection for unused. */
const LOOK_EVERY_MS = 20_000;

export interface ListenerOptions {
  readonly url: string;
  /** An SQL identifier. */
  readonly channel: string;
  readonly hear: (payload: string) => void;
  readonly lookEveryMs?: number;
  readonly answerWithinMs?: number;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #end = new AbortController();

  constructor(options: ListenerOptions) {
    this.#options = options;
    void this.#run();
  }

  /** Nothing is heard any more. */
  stop(): void {
    this.#end.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    let waitMs = FIRST_WAIT_MS;
    while (!signal.aborted) {
      const listened = await this.#listen().catch(() => false);
      waitMs = listened ? FIRST_WAIT_MS : Math.min(LONGEST_WAIT_MS, 2 * waitMs);
      await delay(waitMs * (0.5 + Math.random() / 2), undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Resolves to true when the connection is over, rejects when there was none. */
  async #listen(): Promise<boolean> {
    const { url, channel, hear, answerWithinMs } = this.#options;
    // Loaded by whoever uses it alone.
    const { default: pg } = await import('pg');
    const client = new pg.Client(connectionTo(url, answerWithinMs));
    client.on('notification', ({ payload = '' }) => this.#end.signal.aborted || hear(payload));
    // Whatever is asked of it then rejects, too.
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
      await this.#keep(client).catch(() => undefined);
      return true;
    } finally {
      // Not waited for: a server that is gone would never answer.
      client.end().catch(() => undefined);
    }
  }

  /** Rejects when the connection does not answer any more. */
  async #keep(client: Client): Promise<void> {
    const { lookEveryMs = LOOK_EVERY_MS } = this.#options;
    const { signal } = this.#end;
    while (!signal.aborted) {
      const nextLook = AbortSignal.timeout(lookEveryMs);
      await once(client, 'end', { signal: AbortSignal.any([signal, nextLook]) }).catch(() => undefined);
      await client.query('SELECT 1');
    }
  }
}
