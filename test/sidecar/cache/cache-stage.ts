/** A sidecar whose route has a cache, with the real gate and journal and one provider, and clients of every API that is answered from it. */
import type { TestContext } from 'node:test';
import type { ProviderType } from '#contract/resources/provider-type';
import type { ChatResponse } from '#sidecar/canonical/chat-response';
import { foldEvents } from '#sidecar/canonical/fold-events';
import { totalInputTokens, totalOutputTokens } from '#sidecar/canonical/usage';
import type { SidecarConfig } from '#sidecar/config/sidecar-config';
import { anthropic } from '#sidecar/providers/anthropic/adapter';
import { gemini } from '#sidecar/providers/gemini/adapter';
import { openai } from '#sidecar/providers/openai/adapter';
import { createSidecarMetrics } from '#sidecar/telemetry/metrics';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import type { Wire } from '#sidecar/wires/wire';
import { post } from '#test/sidecar/raw-http';
import { type GatedPolicy, startGated } from '#test/sidecar/start-gated';
import type { PolicyWords } from '#test/sidecar/start-sidecar';
import { decodeFramedStream } from '#test/support/decode-provider-stream';
import type { FakeDialect } from '#test/support/providers/fake-provider';

export interface CacheStageOptions {
  readonly type?: ProviderType;
  readonly fake?: FakeDialect;
  readonly policy?: Partial<PolicyWords>;
  readonly route?: Partial<PolicyWords['routes'][number]>;
  readonly config?: Partial<SidecarConfig>;
}

export const CACHE = { ttlMs: 60_000, scope: 'User' } as const;

export const policyWords = ({ type = 'OpenAI', policy, route }: CacheStageOptions): GatedPolicy => ({
  providers: { p: { type, credential: 'key' } },
  routes: [{ targets: [{ provider: 'p', model: 'gpt-4o' }], cache: CACHE, ...route }],
  ...policy,
});

export type CacheStage = Awaited<ReturnType<typeof startCacheStage>>;

export async function startCacheStage(t: TestContext, options: CacheStageOptions = {}) {
  const clock = { ms: 1_000 };
  const metrics = createSidecarMetrics(Date.now);
  const records: RequestRecord[] = [];
  const { provider, running, rows } = await startGated(t, {
    dialect: options.fake ?? 'openai',
    answer: { usage: { inputTokens: 20, outputTokens: 30 } },
    policy: policyWords(options),
    credentials: { key: 'k' },
    deps: {
      monotonicMs: () => clock.ms,
      metrics,
      telemetry: {
        record: (record) => {
          records.push(record);
          metrics.observe(record);
        },
      },
    },
    ...(options.config && { config: options.config }),
  });
  return {
    ...{ provider, clock, rows, metrics },
    running: { ...running, records },
    results: () => records.map(({ cache }) => cache),
  };
}

type Headers = Readonly<Record<string, string>>;
export const ADA: Headers = { 'x-remora-user': 'ada' };

export async function ask(
  { running }: Pick<CacheStage, 'running'>,
  path: string,
  body: object,
  headers: Headers = ADA,
) {
  const answer = await post(running.url, JSON.stringify(body), headers, path);
  return { ...answer, cache: answer.headers.get('x-remora-cache') };
}

export const TOOL = { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } };
export const QUESTION = 'Say hello.';

/** One question in the words of an API, and what reads its answers: the wire of the same API, as the sidecar reads providers. */
export interface Client {
  readonly wire: Wire;
  readonly path: (stream: boolean) => string;
  readonly body: (stream: boolean) => Readonly<Record<string, unknown>>;
}

const wireOf = ({ wires }: { readonly wires: readonly unknown[] }, id: string): Wire =>
  (wires as readonly Wire[]).find((wire) => wire.id === id) as Wire;

const MESSAGES = [{ role: 'user', content: QUESTION }];

export const CLIENTS: Readonly<Record<string, Client>> = {
  'Chat Completions': {
    wire: wireOf(openai, 'openai-chat'),
    path: () => '/v1/chat/completions',
    body: (stream) => ({
      model: 'chat',
      messages: MESSAGES,
      tools: [{ type: 'function', function: TOOL }],
      ...(stream && { stream, stream_options: { include_usage: true } }),
    }),
  },
  Responses: {
    wire: wireOf(openai, 'openai-responses'),
    path: () => '/v1/responses',
    body: (stream) => ({
      model: 'chat',
      input: QUESTION,
      store: false,
      tools: [{ type: 'function', ...TOOL }],
      ...(stream && { stream }),
    }),
  },
  Messages: {
    wire: wireOf(anthropic, 'anthropic-messages'),
    path: () => '/v1/messages',
    body: (stream) => ({
      ...(stream && { stream }),
      model: 'chat',
      max_tokens: 100,
      messages: MESSAGES,
      tools: [{ name: TOOL.name, input_schema: TOOL.parameters }],
    }),
  },
  generateContent: {
    wire: wireOf(gemini, 'gemini-generate-content'),
    path: (stream) => `/v1beta/models/chat:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: () => ({
      contents: [{ role: 'user', parts: [{ text: QUESTION }] }],
      tools: [{ functionDeclarations: [TOOL] }],
    }),
  },
};

/** What a client of that API understands. */
export async function heard({ wire }: Client, stream: boolean, text: string) {
  const events = stream ? await decodeFramedStream(wire, [Buffer.from(text)]) : [];
  const whole = stream ? foldEvents(events) : (wire.decodeResponse(JSON.parse(text)) as ChatResponse);
  const { choices: [choice] = [], usage } = whole ?? {};
  const parts = choice?.parts ?? [];
  return {
    text: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(''),
    calls: parts.flatMap((part) => (part.type === 'tool-call' ? [[part.name, JSON.parse(part.arguments)]] : [])),
    end: choice?.finishReason,
    tokens: usage && [totalInputTokens(usage), totalOutputTokens(usage)],
  };
}
