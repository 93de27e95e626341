/** A whole pipeline over a real treasury by one clock that only the test moves, without sockets; its provider answers at once, or when it is let. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setImmediate as settled } from 'node:timers/promises';
import { assemblePipeline, type PipelineParts } from '#sidecar/assemble-pipeline';
import { DEFAULT_SIDECAR_CONFIG, type SidecarConfig } from '#sidecar/config/sidecar-config';
import { endpointAt } from '#sidecar/dialects/index';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { CollectedReply } from '#sidecar/jobs/collected-reply';
import { explain } from '#sidecar/pipeline/explain/explain';
import type { Explanation } from '#sidecar/pipeline/explain/explanation';
import { handle } from '#sidecar/pipeline/handle';
import { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { ClientGone, RequestScope } from '#sidecar/pipeline/scope/request-scope';
import { createSidecarMetrics } from '#sidecar/telemetry/metrics';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import { type Upstream, UpstreamFault, type UpstreamRequest, type UpstreamResponse } from '#sidecar/upstream/upstream';
import { type PolicyWords, policyOf } from '#test/sidecar/start-sidecar';
import { bench } from '#test/treasury/bench';

const STEP_MS = 50;
/** Of each answer. */
export const USED = { prompt_tokens: 10, completion_tokens: 30, total_tokens: 40 };

const WHOLE = JSON.stringify({
  ...{ id: 'a', object: 'chat.completion', created: 1, model: 'm' },
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: USED,
});
const CHUNK = { id: 'a', object: 'chat.completion.chunk', created: 1, model: 'm' };
const STREAM = [
  { ...CHUNK, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello.' }, finish_reason: null }] },
  { ...CHUNK, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  { ...CHUNK, choices: [], usage: USED },
]
  .map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
  .concat('data: [DONE]\n\n')
  .join('');

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** One request of the app. */
export interface Asked {
  readonly done: Promise<Told>;
  /** undefined until it is answered. */
  told: Told | undefined;
  leave(): void;
}

export interface AskWords {
  readonly model?: string;
  readonly maxTokens?: number;
  readonly path?: string;
  readonly user?: string;
  readonly text?: string;
  readonly stream?: boolean;
}

export class World implements Upstream {
  readonly records: RequestRecord[] = [];
  readonly sent: { readonly url: string; readonly model: unknown; readonly text: string }[] = [];
  readonly metrics = createSidecarMetrics(() => 0);
  readonly bench = bench();
  readonly gate = this.bench.gateOf('pod');
  readonly parts: PipelineParts;
  /** Given with every answer. */
  headers: Readonly<Record<string, string>> = {};
  /** Nobody is answered before it resolves. */
  held: Promise<void> | undefined;
  readonly #deadlines = new Deadlines(this.bench.clock.now);
  #number = 0;

  constructor(t: TestContext, policy: PolicyWords, config: Partial<SidecarConfig> = {}) {
    const { clock, treasury } = this.bench;
    const deps = {
      ...{ budgetGate: this.gate, compileGuardrails, upstream: this, random: () => 0, timers: clock },
      ...{ now: clock.now, monotonicMs: clock.now, cloud: { env: {} }, metrics: this.metrics },
      telemetry: {
        record: (record: RequestRecord) => {
          this.records.push(record);
          this.metrics.observe(record);
        },
      },
      onFault: (cause: unknown) => assert.fail(String(cause)),
    };
    this.parts = assemblePipeline({ ...DEFAULT_SIDECAR_CONFIG, ...config }, deps, this.#deadlines);
    this.parts.policies.applyPolicy(policyOf(policy), 'hash');
    t.after(async () => {
      this.#deadlines.close();
      await this.gate.close();
      await treasury.close();
    });
  }

  async send({ url, body, signal }: UpstreamRequest): Promise<UpstreamResponse> {
    const asked = JSON.parse(Buffer.from(body).toString()) as { readonly model?: unknown; readonly stream?: unknown };
    this.sent.push({ url, model: asked.model, text: JSON.stringify(asked) });
    if (this.held !== undefined) {
      const gone = new Promise<void>((resolve) => signal.addEventListener('abort', resolve));
      await Promise.race([this.held, gone]);
      if (signal.aborted) throw new UpstreamFault('aborted', true, 'The exchange was ended.');
    }
    const text = asked.stream === true ? STREAM : WHOLE;
    const type = asked.stream === true ? 'text/event-stream' : 'application/json';
    return {
      ...{ status: 200, headers: { 'content-type': type, ...this.headers } },
      body: (async function* () {
        yield Buffer.from(text);
      })(),
    };
  }

  async close(): Promise<void> {}

  ask(words: AskWords = {}): Asked {
    const { call, reply, scope } = this.#callOf(words);
    const done = handle(call, this.parts).then(() => {
      const { status = 0, headers = {}, body = Buffer.alloc(0) } = reply.collected ?? {};
      asked.told = { status, headers, text: Buffer.from(body).toString() };
      return asked.told;
    });
    const asked: Asked = { done, told: undefined, leave: () => scope.cancel(new ClientGone()) };
    return asked;
  }

  explain(words: AskWords = {}): Promise<Explanation> {
    return explain(this.#callOf(words).call, this.parts);
  }

  /** Time passes, in steps in each of which whatever follows from it happens. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.bench.clock.advance(Math.min(left, STEP_MS));
      this.#deadlines.tick();
      await settled();
      await settled();
    }
    await this.settle();
  }

  /** Whatever follows without time. */
  async settle(): Promise<void> {
    for (let round = 0; round < 30; round++) await settled();
  }

  #callOf({ model = 'chat', maxTokens = 30, path = '/v1/chat/completions', user, text = 'Hi', stream }: AskWords) {
    const endpoint = endpointAt(path);
    assert.ok(endpoint, `nothing is at ${path}`);
    const bytes = Buffer.from(
      JSON.stringify({
        ...{ model, max_tokens: maxTokens, messages: [{ role: 'user', content: text }] },
        ...(stream && { stream }),
        ...(user !== undefined && { user }),
      }),
    );
    const reply = new CollectedReply(100_000);
    const body = { read: async () => bytes, retain: () => {}, weigh: () => {}, release: () => {} };
    const scope = new RequestScope(this.#deadlines);
    this.#number += 1;
    const call = { requestId: `r-${this.#number}`, endpoint, headers: {}, body, reply, scope };
    return { call, reply, scope };
  }
}
