/** The whole pipeline on a clock of the test's own, before providers that answer when the test says so. */
import { assemblePipeline } from '#sidecar/assemble-pipeline';
import type { BudgetGate } from '#sidecar/budget/budget-gate';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { type Endpoint, endpointAt } from '#sidecar/dialects/index';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { CollectedReply } from '#sidecar/jobs/collected-reply';
import { handle } from '#sidecar/pipeline/handle';
import { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { RequestScope } from '#sidecar/pipeline/scope/request-scope';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import { OpenGate, policyOf, type RouteWords } from '#test/sidecar/start-sidecar';
import { type HeldExchange, HeldUpstream } from './held-upstream.ts';

const NAMES = ['first', 'second', 'third'] as const;

/** Three targets in order, each at a provider of its own. */
export const HEDGED: RouteWords = {
  targets: NAMES.map((provider) => ({ provider })),
  hedge: { afterMs: 500, maxPercent: 100 },
};

export const CHAT = { model: 'chat', messages: [{ role: 'user', content: 'Say hello.' }] };

export interface Asked {
  readonly scope: RequestScope;
  /** Resolves when the pipeline is done with it. */
  readonly done: Promise<void>;
  /** Status and body that the client got; undefined: none. */
  readonly answer: () => { readonly status: number; readonly text: string } | undefined;
}

interface AskOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly patienceMs?: number;
}

export function hedgeStage(t: { after(release: () => void): void }, route: RouteWords = HEDGED, gate?: BudgetGate) {
  const clock = { ms: 1_000_000 };
  const deadlines = new Deadlines(() => clock.ms);
  const upstream = new HeldUpstream();
  const open = new OpenGate();
  const records: RequestRecord[] = [];
  const faults: unknown[] = [];
  const parts = assemblePipeline(
    DEFAULT_SIDECAR_CONFIG,
    {
      ...{
        budgetGate: gate ?? open,
        compileGuardrails,
        upstream,
        telemetry: { record: (one) => void records.push(one) },
      },
      ...{ now: () => 1_790_000_000_000, random: () => 0, monotonicMs: () => clock.ms },
      onFault: (fault) => void faults.push(fault),
    },
    deadlines,
  );
  t.after(() => deadlines.close());
  const providers = Object.fromEntries(
    NAMES.map((name) => [name, { type: 'OpenAI', endpoint: `http://${name}/v1` } as const]),
  );
  parts.policies.applyPolicy(policyOf({ providers, routes: [route] }), 'hash');

  function ask(
    body: object = CHAT,
    { path = '/v1/chat/completions', headers = {}, patienceMs }: AskOptions = {},
  ): Asked {
    const scope = new RequestScope(deadlines);
    const reply = new CollectedReply(1024 * 1024);
    const bytes = Buffer.from(JSON.stringify(body));
    const done = handle(
      {
        requestId: 'r',
        endpoint: endpointAt(path, { method: 'POST', headers: {} }) as Endpoint,
        headers: { 'content-type': 'application/json', ...headers },
        body: { read: async () => bytes, retain: () => {}, weigh: () => {}, release: () => {} },
        ...{ reply, scope },
        ...(patienceMs !== undefined && { patienceMs }),
      },
      parts,
    );
    const answer = () =>
      reply.collected && { status: reply.collected.status, text: Buffer.from(reply.collected.body).toString() };
    return { scope, done, answer };
  }

  /** Whatever can happen without time or a provider has happened. */
  async function quiet(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** In steps: time that passes at once is a pause of the process. */
  async function pass(ms: number): Promise<void> {
    await quiet();
    for (let left = ms; left > 0; left -= 100) {
      clock.ms += Math.min(100, left);
      deadlines.tick();
      await quiet();
    }
  }

  /** The exchanges so far by host, as `first second`. */
  const asked = (): string => upstream.exchanges.map(({ host }) => host).join(' ');
  const exchange = (index: number): HeldExchange => {
    const found = upstream.exchanges.at(index);
    if (found === undefined) throw new Error(`no exchange ${index}, only ${asked()}`);
    return found;
  };
  /** Of the newest request: each attempt as `target outcome`, with `hedge` where it is one. */
  const attempts = (): string[] =>
    (records.at(-1)?.attempts ?? []).map(
      ({ target, outcome, hedge }) => `${target.split('/')[0]} ${outcome}${hedge === true ? ' hedge' : ''}`,
    );
  return {
    ...{ upstream, open, records, faults, parts, deadlines },
    ...{ ask, quiet, pass, asked, exchange, attempts },
  };
}
