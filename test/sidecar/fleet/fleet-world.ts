/**
 * Many sidecars, the board of an operator and one provider with a quota in one process, all by one clock that only the test moves: whole
 * pipelines, without sockets.
 */
import { setImmediate as settled } from 'node:timers/promises';
import type { Policy } from '#contract/policy/policy';
import { shareKeysOf } from '#contract/policy/share-key';
import { decodeDemands, encodeShares } from '#contract/wire/share-codec';
import { SHARES_TTL_MS, ShareBoard } from '#operator/push/share-board';
import { assemblePipeline, type PipelineParts } from '#sidecar/assemble-pipeline';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { endpointAt } from '#sidecar/dialects/index';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { CollectedReply } from '#sidecar/jobs/collected-reply';
import { handle } from '#sidecar/pipeline/handle';
import { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { RequestScope } from '#sidecar/pipeline/scope/request-scope';
import type { Outbound } from '#sidecar/sync/connection';
import { ShareReporter } from '#sidecar/sync/share-reporter';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import type { Upstream, UpstreamRequest, UpstreamResponse } from '#sidecar/upstream/upstream';
import { CHAT } from '#test/sidecar/raw-http';
import { OpenGate, policyOf, type RouteWords } from '#test/sidecar/start-sidecar';
import { TestClock } from '#test/treasury/clock';
import { OwnBounds } from '#treasury/shares/share-bounds';

const STEP_MS = 50;
const ROUND_MS = 250;
const PATH = '/v1/chat/completions';
const ANSWER = JSON.stringify({
  ...{ id: 'a', object: 'chat.completion', created: 1, model: 'm' },
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});
const REFUSAL = JSON.stringify({
  error: { message: 'Slow down.', type: 'rate_limit_exceeded', code: 'rate_limit_exceeded' },
});

/** Takes so many at one time, each for so long, and refuses what is over it with 429. */
export class QuotaProvider implements Upstream {
  readonly #clock: TestClock;
  readonly #quota: { readonly concurrency: number; readonly serviceMs: number };
  running = 0;
  peak = 0;
  served = 0;
  refused = 0;

  constructor(clock: TestClock, quota: { readonly concurrency: number; readonly serviceMs: number }) {
    this.#clock = clock;
    this.#quota = quota;
  }

  async send({ signal }: UpstreamRequest): Promise<UpstreamResponse> {
    if (this.running >= this.#quota.concurrency) {
      this.refused += 1;
      return responseOf(429, REFUSAL);
    }
    this.running += 1;
    this.peak = Math.max(this.peak, this.running);
    await new Promise<void>((resolve) => {
      this.#clock.after(this.#quota.serviceMs, resolve);
      signal.addEventListener('abort', resolve);
    });
    this.running -= 1;
    this.served += 1;
    return responseOf(200, ANSWER);
  }

  async close(): Promise<void> {}
}

const responseOf = (status: number, text: string): UpstreamResponse => ({
  ...{ status, headers: { 'content-type': 'application/json' } },
  body: (async function* () {
    yield Buffer.from(text);
  })(),
});

export interface PodWords {
  readonly priority: 'high' | 'normal' | 'low';
  /** Requests that its app always has open. */
  readonly open: number;
  /** Pause of the app between an answer and its next request. */
  readonly pauseMs?: number;
}

export class Pod {
  readonly records: RequestRecord[] = [];
  readonly parts: PipelineParts;
  readonly reporter: ShareReporter;
  readonly #words: PodWords;
  readonly #clock: TestClock;
  readonly #deadlines: Deadlines;

  constructor(words: PodWords, { clock, upstream, policy, random }: Surroundings) {
    this.#words = words;
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock.now);
    const deps = {
      ...{ budgetGate: new OpenGate(), compileGuardrails, upstream, random, timers: clock, sharesWithOthers: true },
      ...{ now: clock.now, monotonicMs: clock.now, cloud: { env: {} } },
      telemetry: { record: (record: RequestRecord) => void this.records.push(record) },
    };
    this.parts = assemblePipeline(DEFAULT_SIDECAR_CONFIG, deps, this.#deadlines);
    this.parts.policies.applyPolicy(policy, 'hash');
    this.reporter = new ShareReporter(() => this.parts.gates, clock);
  }

  /** Its app begins, and goes on for as long as the clock does. */
  start(): void {
    for (let count = 0; count < this.#words.open; count += 1) void this.#goOn();
  }

  tick(): void {
    this.#deadlines.tick();
  }

  close(): void {
    this.reporter.close();
    this.#deadlines.close();
  }

  /** Answers that were had. */
  get answered(): number {
    return this.records.filter(({ outcome }) => outcome === 'ok').length;
  }

  async #goOn(): Promise<void> {
    for (;;) {
      const status = await this.#ask();
      const pauseMs = status === 200 ? (this.#words.pauseMs ?? 0) : 1_000;
      if (pauseMs > 0) await new Promise<void>((resolve) => void this.#clock.after(pauseMs, resolve));
    }
  }

  async #ask(): Promise<number> {
    const endpoint = endpointAt(PATH);
    if (endpoint === undefined) throw new Error(`nothing is at ${PATH}`);
    const reply = new CollectedReply(100_000);
    const body = { read: async () => Buffer.from(CHAT), retain: () => {}, weigh: () => {}, release: () => {} };
    const headers = { 'x-remora-priority': this.#words.priority };
    const scope = new RequestScope(this.#deadlines);
    await handle({ requestId: 'r', endpoint, headers, body, reply, scope }, this.parts);
    return reply.collected?.status ?? 0;
  }
}

interface Surroundings {
  readonly clock: TestClock;
  readonly upstream: Upstream;
  readonly policy: Policy;
  readonly random: () => number;
}

export interface FleetWords {
  readonly quota: { readonly concurrency: number; readonly serviceMs: number };
  /** Stated at the AIProvider; absent: what it takes is to be found out. */
  readonly stated?: number;
  /** Requests that may be under way through the route in all pods; absent: as many as come. */
  readonly routeMax?: number;
  readonly pods: readonly PodWords[];
}

export class Fleet {
  readonly clock = new TestClock(0);
  readonly board = new ShareBoard(new OwnBounds());
  readonly provider: QuotaProvider;
  readonly pods: readonly Pod[];
  readonly #policy: Policy;
  readonly #connected = new Set<Pod>();

  constructor({ quota, stated, routeMax, pods }: FleetWords) {
    this.provider = new QuotaProvider(this.clock, quota);
    const limits = stated === undefined ? undefined : [{ concurrency: stated }];
    this.#policy = policyOf({
      providers: { p: { type: 'OpenAI', endpoint: 'http://provider', ...(limits && { limits }) } },
      routes: [{ targets: [{ provider: 'p', maxRetries: 0 }], ...(routeMax !== undefined && boundedBy(routeMax)) }],
    });
    const random = seeded(1);
    const surroundings = { clock: this.clock, upstream: this.provider, policy: this.#policy, random };
    this.pods = pods.map((words) => new Pod(words, surroundings));
    for (const pod of this.pods) this.connect(pod);
    this.clock.every(ROUND_MS, () => this.#round());
  }

  /** The apps begin. */
  start(): void {
    for (const pod of this.pods) pod.start();
  }

  connect(pod: Pod): void {
    const uid = this.#uidOf(pod);
    this.#connected.add(pod);
    this.board.join(uid, shareKeysOf(this.#policy), this.clock.now());
    pod.reporter.connected((message: Outbound) => {
      if (message.$case !== 'shareReport') return false;
      const { version, demands } = message.value;
      this.board.report(uid, { version, demands: decodeDemands(demands) });
      return true;
    });
  }

  disconnect(pod: Pod): void {
    this.#connected.delete(pod);
    this.board.leave(this.#uidOf(pod), this.clock.now());
    pod.reporter.disconnected();
  }

  /** Time passes for all, in steps in each of which whatever follows from it happens. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.clock.advance(STEP_MS);
      for (const pod of this.pods) pod.tick();
      await settled();
      await settled();
    }
  }

  close(): void {
    for (const pod of this.pods) pod.close();
  }

  #round(): void {
    for (const uid of this.board.round(this.clock.now())) this.#tell(uid);
  }

  #tell(uid: string): void {
    const told = this.board.toldTo(uid);
    const pod = this.pods[Number(uid)];
    if (told === null || pod === undefined || !this.#connected.has(pod)) return;
    pod.reporter.told({
      shares: encodeShares(told.shares),
      ttlSeconds: SHARES_TTL_MS / 1_000,
      version: told.revision,
    });
  }

  #uidOf(pod: Pod): string {
    return String(this.pods.indexOf(pod));
  }
}

const boundedBy = (max: number): Pick<RouteWords, 'concurrency'> => ({
  concurrency: { fleet: { max, queue: 100, deadlineMs: 60_000 } },
});

/** In [0, 1), the same each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}
