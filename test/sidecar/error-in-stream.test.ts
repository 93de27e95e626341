/**
 * Every way in which the APIs report a failure inside a stream that began with 200: before the first content another target answers, and
 * where there is none the client is told with the upstream's own status, type and request id, in the shape of its API.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { ApiError as GoogleError, GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import type { PolicyProvider } from '#contract/policy/policy';
import type { AttemptFailureKind } from '#sidecar/errors/attempt-failure';
import { awsEvent, awsException, awsFrame } from '#test/support/aws-frames';
import { startCutter } from './cutter.ts';
import { startSidecar } from './start-sidecar.ts';

type Provider = Partial<PolicyProvider> & Pick<PolicyProvider, 'type'>;

interface Api {
  readonly provider: Provider;
  /** By which the service names a request. */
  readonly idHeader: string;
  readonly contentType?: string;
  /** Default: each of the three in turn. */
  readonly client?: 'responses';
  /** What comes before the failure and is no content. */
  readonly head: readonly Uint8Array[];
  readonly failures: readonly {
    readonly name: string;
    readonly frame: Uint8Array;
    readonly kind: AttemptFailureKind;
    /** Of the upstream, as the client is told. */
    readonly says: { readonly status?: number; readonly type?: string };
    /** Of our answer to clients, where nobody else can answer. */
    readonly status: number;
  }[];
}

const data = (value: object): Buffer => Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
const named = (value: { readonly type: string }): Buffer =>
  Buffer.from(`event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`);

const CHUNK = {
  id: 'c1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
};
const USAGE = { input_tokens: 3, output_tokens: 1 };
const MESSAGE = { id: 'm1', type: 'message', role: 'assistant', model: 'm', content: [], usage: USAGE };
const messagesError = (type: string) => named({ type: 'error', ...{ error: { type, message: 'No.' } } });
const response = (status: string, error: object | null = null) => ({
  id: 'r1',
  object: 'response',
  status,
  error,
  output: [],
});
const FAILED = { code: 'server_error', message: 'No.' };

const OPENAI_FAILURES: Api['failures'] = [
  {
    name: '{error} without an event name',
    frame: data({ error: { message: 'No.', type: 'server_error', param: null, code: null } }),
    kind: 'server-error',
    says: { status: 500, type: 'server_error' },
    status: 502,
  },
  {
    name: 'event: error with a number for a code',
    frame: Buffer.from(`event: error\n${data({ error: { message: 'No.', type: 'overloaded_error', code: 529 } })}`),
    kind: 'overloaded',
    says: { status: 529, type: 'overloaded_error' },
    status: 529,
  },
  {
    name: '{error} that is a text',
    frame: data({ error: 'the model runner has stopped' }),
    kind: 'server-error',
    says: {},
    status: 502,
  },
  {
    name: 'object: error',
    frame: data({ object: 'error', message: 'No.', type: 'rate_limit_error', code: 429 }),
    kind: 'rate-limited',
    says: { status: 429, type: 'rate_limit_error' },
    status: 429,
  },
];

const APIS: Readonly<Record<string, Api>> = {
  'Chat Completions': {
    provider: { type: 'OpenAICompatible' },
    idHeader: 'x-request-id',
    head: [data(CHUNK)],
    failures: OPENAI_FAILURES,
  },
  'Azure OpenAI, after its prompt filter': {
    provider: { type: 'AzureOpenAI' },
    idHeader: 'apim-request-id',
    head: [data({ choices: [], created: 0, id: '', model: '', object: '', prompt_filter_results: [] }), data(CHUNK)],
    failures: OPENAI_FAILURES.slice(0, 1),
  },
  'the Responses API': {
    provider: { type: 'OpenAI' },
    client: 'responses',
    idHeader: 'x-request-id',
    head: ['response.created', 'response.in_progress'].map((type) =>
      named({ type, ...{ response: response('in_progress') } }),
    ),
    failures: [
      {
        name: 'response.failed',
        frame: named({ type: 'response.failed', ...{ response: response('failed', FAILED) } }),
        kind: 'server-error',
        says: { status: 500 },
        status: 502,
      },
      {
        name: 'a flat error event',
        frame: named({ type: 'error', ...{ code: 'rate_limit_exceeded', message: 'No.', param: null } }),
        kind: 'rate-limited',
        says: { status: 429 },
        status: 429,
      },
      {
        name: 'an error event with an error within',
        frame: named({ type: 'error', ...{ error: { type: 'server_error', ...FAILED } } }),
        kind: 'server-error',
        says: { status: 500, type: 'server_error' },
        status: 502,
      },
    ],
  },
  'Messages, after message_start and a ping': {
    provider: { type: 'Anthropic' },
    idHeader: 'request-id',
    head: [named({ type: 'message_start', ...{ message: MESSAGE } }), named({ type: 'ping' })],
    failures: [
      {
        name: 'overloaded_error',
        frame: messagesError('overloaded_error'),
        kind: 'overloaded',
        says: { status: 529, type: 'overloaded_error' },
        status: 529,
      },
      {
        name: 'api_error',
        frame: messagesError('api_error'),
        kind: 'server-error',
        says: { status: 500, type: 'api_error' },
        status: 502,
      },
      {
        name: 'rate_limit_error',
        frame: messagesError('rate_limit_error'),
        kind: 'rate-limited',
        says: { status: 429, type: 'rate_limit_error' },
        status: 429,
      },
    ],
  },
  'Messages, before anything': {
    provider: { type: 'Anthropic' },
    idHeader: 'request-id',
    head: [named({ type: 'ping' })],
    failures: [
      {
        name: 'overloaded_error',
        frame: messagesError('overloaded_error'),
        kind: 'overloaded',
        says: { status: 529, type: 'overloaded_error' },
        status: 529,
      },
    ],
  },
  Gemini: {
    provider: { type: 'Gemini' },
    idHeader: '',
    head: [data({ candidates: [{ content: { role: 'model', parts: [{ text: '' }] } }], modelVersion: 'm' })],
    failures: [
      {
        name: '{error}',
        frame: data({ error: { code: 503, message: 'No.', status: 'UNAVAILABLE' } }),
        kind: 'overloaded',
        says: { status: 503, type: 'UNAVAILABLE' },
        status: 503,
      },
      {
        name: '[{error}]',
        frame: data([{ error: { code: 500, message: 'No.', status: 'INTERNAL' } }]),
        kind: 'server-error',
        says: { status: 500, type: 'INTERNAL' },
        status: 502,
      },
    ],
  },
  Bedrock: {
    provider: { type: 'Bedrock', aws: { region: 'us-east-1' } },
    idHeader: 'x-amzn-requestid',
    contentType: 'application/vnd.amazon.eventstream',
    head: [awsEvent('messageStart', { role: 'assistant' })],
    failures: [
      {
        name: 'an exception frame',
        frame: awsException('modelStreamErrorException', { message: 'No.' }),
        kind: 'server-error',
        says: { status: 424, type: 'ModelStreamErrorException' },
        status: 502,
      },
      {
        name: 'an exception frame of load',
        frame: awsException('serviceUnavailableException', { message: 'No.' }),
        kind: 'overloaded',
        says: { status: 503, type: 'ServiceUnavailableException' },
        status: 503,
      },
      {
        name: 'an error frame',
        frame: awsFrame({ ':message-type': 'error', ':error-code': 'InternalFailure', ':error-message': 'No.' }, ''),
        kind: 'server-error',
        says: { status: 500, type: 'InternalFailure' },
        status: 502,
      },
    ],
  },
  Cohere: {
    provider: { type: 'Cohere' },
    idHeader: 'x-debug-trace-id',
    head: [named({ type: 'message-start', ...{ id: 'c1', delta: { message: { role: 'assistant' } } } })],
    failures: [
      {
        name: 'message-end with ERROR',
        frame: named({ type: 'message-end', ...{ delta: { finish_reason: 'ERROR', error: 'No.' } } }),
        kind: 'server-error',
        says: { type: 'ERROR' },
        status: 502,
      },
      {
        name: '{message} without a type',
        frame: data({ message: 'No.' }),
        kind: 'server-error',
        says: {},
        status: 502,
      },
    ],
  },
};

const ASK = { model: 'chat', messages: [{ role: 'user' as const, content: 'Hi' }] };

async function start(t: { after(release: () => Promise<void>): void }, { provider, idHeader, contentType, head }: Api) {
  const cutter = await startCutter(t);
  if (contentType !== undefined) cutter.state.contentType = contentType;
  if (idHeader !== '') cutter.state.headers = { [idHeader]: 'upstream-7' };
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { ...provider, endpoint: cutter.url }, next: { type: 'Mock' } },
      routes: [
        { targets: [{ provider: 'p' }] },
        { models: ['safe'], targets: [{ provider: 'p' }], fallbacks: [{ provider: 'next', model: 'any' }] },
      ],
    },
  });
  const options = { apiKey: 'placeholder', maxRetries: 0 };
  return {
    running,
    answerWith: (failure: Uint8Array) => {
      cutter.state.pieces = [...head, failure];
    },
    openai: new OpenAI({ ...options, baseURL: `${running.url}/v1` }),
    anthropic: new Anthropic({ ...options, baseURL: running.url }),
    google: new GoogleGenAI({ apiKey: 'placeholder', httpOptions: { baseUrl: running.url } }),
  };
}

async function raised(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was raised');
}

interface Told {
  readonly error: {
    readonly type?: string;
    readonly remora: { readonly upstream?: { status?: number; type?: string; requestId?: string } };
  };
}

for (const [name, api] of Object.entries(APIS))
  for (const { name: failure, frame, kind, says, status } of api.failures)
    test(`${failure} in a stream of ${name} is a failure: the next target answers, or the client is told who said what`, async (t) => {
      const { running, answerWith, openai, anthropic, google } = await start(t, api);
      answerWith(frame);
      const isResponses = api.client === 'responses';
      const input = { model: 'safe', input: 'Hi' };
      const text = isResponses
        ? (await openai.responses.stream(input).finalResponse()).output_text
        : (await openai.chat.completions.stream({ ...ASK, model: 'safe' }).finalChatCompletion()).choices[0]?.message
            .content;
      assert.match(text ?? '', /^Mock answer from next\/any/);
      assert.deepEqual(
        running.records[0]?.attempts.map(({ outcome }) => outcome),
        [kind, 'ok'],
      );
      const upstream = { provider: 'default/p', ...says, ...(api.idHeader !== '' && { requestId: 'upstream-7' }) };
      const error = await raised(
        isResponses
          ? openai.responses.create({ model: 'chat', input: 'Hi', stream: true })
          : openai.chat.completions.create({ ...ASK, stream: true }),
      );
      assert.ok(error instanceof OpenAI.APIError);
      assert.equal(error.status, status);
      const { code: _, ...told } = (error.error as Told['error']).remora.upstream as { code?: string };
      assert.deepEqual(told, upstream);
      if (isResponses) return;
      const messages = await raised(anthropic.messages.create({ ...ASK, max_tokens: 9, stream: true }));
      assert.ok(messages instanceof APIError);
      assert.equal(messages.status, status);
      const own =
        kind === 'overloaded' ? 'overloaded_error' : kind === 'rate-limited' ? 'rate_limit_error' : 'api_error';
      assert.equal((messages.error as Told).error.type, own);
      const { code: __, ...toldToo } = (messages.error as Told).error.remora.upstream as { code?: string };
      assert.deepEqual(toldToo, upstream);
      const content = await raised(google.models.generateContentStream({ model: 'chat', contents: 'Hi' }));
      assert.ok(content instanceof GoogleError);
      assert.equal(content.status, status);
    });
