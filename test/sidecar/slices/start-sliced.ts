/** A whole sidecar with one provider behind it and a limit in tokens over it, asked by a client of any chat dialect. */
import type { PolicyBudget, PolicyProvider } from '#contract/policy/policy';
import { eventsOf, type Reading } from '#test/matrix/driver';
import { DRIVERS } from '#test/matrix/drivers';
import { type GatedPolicy, type GatedWords, startGated } from '#test/sidecar/start-gated';
import type { RouteWords } from '#test/sidecar/start-sidecar';
import { buildBudget } from '#test/support/build-policy';
import type { FakeDialect } from '#test/support/providers/fake-provider';

export interface Service {
  readonly name: string;
  readonly type: PolicyProvider['type'];
  readonly fake: FakeDialect;
  readonly model: string;
  readonly settings?: Pick<PolicyProvider, 'preset' | 'azure'>;
  /** Ids of client dialects; default: all. */
  readonly dialects?: readonly string[];
}

const CLAUDE = 'claude-sonnet-4-5';
const GEMINI = 'gemini-2.0-flash';
const NOT_RESPONSES = ['openai-chat', 'anthropic-messages', 'gemini-generate-content'];
const RESPONSES = ['openai-responses'];
const AZURE = { azure: { deployments: [{ name: 'gpt-4o', deployment: 'prod-4o' }] } };

/** Models that show all that they bill, behind every wire. */
export const SERVICES: readonly Service[] = [
  { name: 'OpenAI', type: 'OpenAI', fake: 'openai', model: 'gpt-4o', dialects: NOT_RESPONSES },
  { name: 'OpenAI, Responses', type: 'OpenAI', fake: 'openai-responses', model: 'gpt-4o', dialects: RESPONSES },
  { name: 'Anthropic', type: 'Anthropic', fake: 'anthropic', model: CLAUDE },
  { name: 'Gemini', type: 'Gemini', fake: 'gemini', model: GEMINI },
  { name: 'Vertex AI, Gemini', type: 'VertexAI', fake: 'vertex', model: GEMINI },
  { name: 'Vertex AI, Claude', type: 'VertexAI', fake: 'vertex-claude', model: `${CLAUDE}@20250929` },
  { name: 'Bedrock', type: 'Bedrock', fake: 'bedrock', model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0' },
  { name: 'Azure', type: 'AzureOpenAI', fake: 'azure', model: 'gpt-4o', settings: AZURE, dialects: NOT_RESPONSES },
  { name: 'Cohere', type: 'Cohere', fake: 'cohere', model: 'command-r-plus' },
  { name: 'Mistral', type: 'OpenAICompatible', fake: 'mistral', model: 'large', settings: { preset: 'Mistral' } },
  { name: 'vLLM', type: 'OpenAICompatible', fake: 'openai', model: 'any', settings: { preset: 'VLLM' } },
];

/** OpenAI's Chat Completions. */
export const OPENAI: Service = { name: 'OpenAI', type: 'OpenAI', fake: 'openai', model: 'gpt-4o' };

interface Options {
  readonly amount?: bigint;
  readonly budgets?: readonly PolicyBudget[];
  readonly route?: Partial<RouteWords>;
  /** Beside `p`. */
  readonly providers?: GatedPolicy['providers'];
  /** Of another provider than the fake one. */
  readonly url?: string;
  readonly wrap?: GatedWords['wrap'];
}

export const limitOf = (amount: bigint, more: Partial<PolicyBudget> = {}): PolicyBudget =>
  buildBudget('default/limits/day', amount, more);

export interface Streamed {
  readonly status: number;
  readonly body: string;
  /** undefined where the answer is no stream. */
  readonly reading: Reading | undefined;
}

export async function startSliced(t: Parameters<typeof startGated>[0], service: Service, options: Options = {}) {
  const { amount = 3_000n, budgets = [limitOf(amount)], route = {}, providers, url, wrap } = options;
  const { type, settings, fake: dialect } = service;
  const p = { type, ...settings, credential: 'key', ...(url !== undefined && { endpoint: url }) };
  const started = await startGated(t, {
    ...{ dialect, ...(wrap && { wrap }) },
    policy: {
      providers: { p, ...providers },
      routes: [{ targets: [{ provider: 'p', model: service.model }], ...route }],
      budgets,
    },
    credentials: { key: 'key' },
  });
  const [limit = limitOf(amount)] = budgets;
  return {
    ...{ ...started, limit },
    /** What the limit counts: settled, and granted to the sidecar. */
    book: () => started.treasury.status(limit),
    ask: (client = 'openai-chat', more: object = {}) => ask(started.running.url, client, more),
  };
}

async function ask(url: string, dialect: string, more: object): Promise<Streamed> {
  const driver = DRIVERS[dialect];
  if (driver === undefined) throw new Error(`no driver for ${dialect}`);
  const { path, body } = driver.request({ model: 'chat', wish: 'text', isStreamed: true });
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, ...more }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: text,
    reading: answer.ok ? driver.readStream(eventsOf(text)) : undefined,
  };
}
