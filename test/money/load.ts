/** Requests to a sidecar that comes and goes, as many as it takes: `question <number>`, each number once. */
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '#test/operator/eventually';

const WORKERS = 8;
export const MAX_TOKENS = 200;
/**
 * After a refusal, as a client would. Each is a row, and while the operator is away a sidecar keeps 5,000 and lets the oldest go: this
 * way fewer come in the minute that a wait of a test lasts at most.
 */
const PAUSE_MS = 200;

/** Asks until it is told to stop; a sidecar that is gone is asked again. */
class Load {
  #asked = 0;
  #isOver = false;
  readonly #url: string;
  readonly #aborted = new AbortController();
  readonly #workers: Promise<void>[];

  constructor(url: string) {
    this.#url = url;
    this.#workers = Array.from({ length: WORKERS }, () => this.#work());
  }

  /** What is asked is answered first. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#workers);
  }

  /** Nobody waits for an answer any more. */
  async abort(): Promise<void> {
    this.#isOver = true;
    this.#aborted.abort();
    await Promise.allSettled(this.#workers);
  }

  async #work(): Promise<void> {
    while (!this.#isOver) {
      this.#asked += 1;
      await this.#ask(`question ${this.#asked}`, this.#asked % 3 === 0).catch(() => this.#awaitSidecar());
    }
  }

  async #ask(question: string, stream: boolean): Promise<void> {
    const response = await fetch(`${this.#url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-remora-session': question },
      body: JSON.stringify({
        model: 'chat',
        max_tokens: MAX_TOKENS,
        stream,
        messages: [{ role: 'user', content: question }],
      }),
      signal: this.#aborted.signal,
    });
    await response.arrayBuffer();
    if (!response.ok) await delay(PAUSE_MS, undefined, { signal: this.#aborted.signal });
  }

  async #awaitSidecar(): Promise<void> {
    const { signal } = this.#aborted;
    await eventually('the sidecar is back', () => this.#isOver || fetch(this.#url, { signal }).then(() => true));
  }
}

/** Until `work` is done, and never longer: when it fails, nothing that was asked is waited for. */
export async function underLoad(url: string, work: () => Promise<void>): Promise<void> {
  const load = new Load(url);
  try {
    await work();
    await load.end();
  } finally {
    await load.abort();
  }
}
