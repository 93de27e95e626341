/** Requests of every kind at a gateway whose providers do everything that providers do wrong, and quote our key wherever they can. */
import { rawAnswer } from '#test/sidecar/raw-http';
import type { FakeProvider, FakeRequest } from '#test/support/providers/fake-provider';
import type { Fault, Script } from '#test/support/providers/script';
import { canaryOf } from './canary.ts';

export const PROMPT = canaryOf('prompt');
export const ANSWER = canaryOf('answer');
/** The app's own Authorization header, which is for nobody behind the gateway. */
export const CALLER = canaryOf('caller');

/** A word that the guardrail of the test's policy blocks. */
export const FORBIDDEN = 'forbidden';

export interface Traffic {
  readonly url: string;
  readonly provider: FakeProvider;
  /** A model that this provider alone answers. */
  readonly model: string;
}

const keyOf = ({ headers }: FakeRequest): string =>
  String(headers['x-api-key'] ?? String(headers.authorization).replace(/^Bearer /, ''));

type Echo = (key: string, request: FakeRequest) => string;

const plainly: Echo = (key) => `Incorrect API key provided: ${key}.`;

/** Everything in which a provider has been seen to quote a key. */
const ECHOES: readonly Echo[] = [
  plainly,
  (key) => `Cannot fetch https://api.example/v1/models?key=${encodeURIComponent(key)}&alt=sse`,
  (_, { headers }) => `Unexpected headers ${JSON.stringify(headers)}`,
  (key) => `Basic ${Buffer.from(`api:${key}`).toString('base64')} is not ${Buffer.from(key).toString('base64url')}`,
  (key) => `Bytes ${Buffer.from(key).toString('hex')}`,
  // Cut in the middle of the key, since no more than 500 characters are shown.
  (key) => `${'x'.repeat(480)}${key}`,
];

type Scripted = (request: FakeRequest) => Script;

const STATUSES = [400, 401, 403, 404, 408, 422, 429, 500, 503, 529];

/** Every way to quote under one status, and every status with one way or another. */
const refusals: readonly Scripted[] = [...ECHOES.map((echo) => refusal(400, echo)), ...STATUSES.map(refuseAs)];

function refuseAs(status: number, index: number): Scripted {
  return refusal(status, ECHOES[index % ECHOES.length] ?? plainly);
}

function refusal(status: number, echo: Echo): Scripted {
  return (request) => {
    const key = keyOf(request);
    const headers = { 'x-request-id': `of ${key}`, 'request-id': `of ${key}` };
    return { fault: { kind: 'status', status, message: echo(key, request), type: `bad ${key}`, code: key, headers } };
  };
}

const FAULTS: readonly Fault[] = [
  { kind: 'reset-before-head' },
  { kind: 'reset-after-head' },
  { kind: 'cut', afterEvents: 4 },
  { kind: 'html' },
  { kind: 'half-json' },
];

const faults: readonly Scripted[] = FAULTS.map((fault) => () => ({ text: `Well: ${ANSWER.value} indeed`, fault }));

const inStream: readonly Scripted[] = [1, 4].flatMap((afterEvents) =>
  ECHOES.map((echo): Scripted => {
    return (request) => {
      const key = keyOf(request);
      const fault = { kind: 'error-in-stream', afterEvents, type: `bad ${key}`, message: echo(key, request) } as const;
      return { text: `Well: ${ANSWER.value} indeed`, fault };
    };
  }),
);

/** Heads and failed bodies of all answers, by what was asked. Of a success only the head: its body is the client's own. */
export async function provoke({ url, provider, model }: Traffic): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  const body = (more: object = {}) => ({ ...chatOf(model), ...more });
  for (const stream of [false, true])
    for (const [name, scripts] of Object.entries({ refusals, faults, inStream }))
      for (const [index, script] of scripts.entries()) {
        provider.respondWith(script);
        seen[`${model} ${name} ${index} ${stream}`] = await ask(url, body({ stream }));
      }
  provider.respondWith({ text: `Well: ${ANSWER.value} indeed` });
  seen[`${model} plain`] = await ask(url, body());
  seen[`${model} streamed`] = await ask(url, body({ stream: true }));
  await leave(url, body({ stream: true }));
  return seen;
}

/** What the gateway refuses by itself. */
export async function provokeRefusals(url: string, model: string): Promise<Record<string, string>> {
  const chat = chatOf(model);
  const content = `${FORBIDDEN} ${PROMPT.value}`;
  const { hostname, port } = new URL(url);
  const raw = async (bytes: string) => JSON.stringify(await rawAnswer(Number(port), bytes));
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${CALLER.value}\r\n`;
  return {
    guardrail: await ask(url, { ...chat, messages: [{ role: 'user', content }] }),
    'a wrong type': await ask(url, { ...chat, messages: PROMPT.value }),
    'half a document': await ask(url, JSON.stringify(chat).slice(0, -2)),
    'an unsupported part': await ask(url, { ...chat, n: 1e9, temperature: PROMPT.value }),
    'an unknown model': await ask(url, { ...chat, model: 'unknown' }),
    'too large a head': await raw(`${head}x-long: ${PROMPT.value.repeat(1_000)}\r\n\r\n`),
    'not HTTP': await raw(`${PROMPT.value}\r\n\r\n`),
    'a broken chunk': await raw(`${head}transfer-encoding: chunked\r\n\r\n${PROMPT.value}\r\n`),
  };
}

const chatOf = (model: string) => ({ model, max_tokens: 50, messages: [{ role: 'user', content: PROMPT.value }] });

/** Head and body of one answer. */
export const askOnce = (url: string, model: string): Promise<string> => ask(url, chatOf(model));

/** Each token in every place in which a client may put its key. */
export async function provokeByKeys(
  url: string,
  model: string,
  tokens: readonly string[],
): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const [index, token] of tokens.entries()) {
    const places = [{ authorization: `Bearer ${token}` }, { 'x-api-key': token }, { 'x-goog-api-key': token }, {}];
    for (const [place, headers] of places.entries()) {
      const response = await fetch(`${url}/v1/chat/completions${place === 3 ? `?key=${token}` : ''}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
        body: JSON.stringify(chatOf(model)),
      });
      seen[`key ${index} in place ${place}`] = `${response.status} ${failureOf(response, await response.text())}`;
    }
    seen[`key ${index} on an unknown path`] = await (await fetch(`${url}/v1/nowhere?key=${token}`)).text();
  }
  return seen;
}

async function ask(url: string, body: object | string): Promise<string> {
  const response = await send(url, body);
  const text = await response.text();
  return [response.status, JSON.stringify([...response.headers]), failureOf(response, text)].join('\n');
}

/** Of a stream that broke only its last event is ours to answer for. */
function failureOf(response: Response, text: string): string {
  if (response.status !== 200) return text;
  const last = text.trimEnd().split('\n\n').at(-1) ?? '';
  return last.includes('"error"') ? last : '';
}

const send = (url: string, body: object | string, signal?: AbortSignal): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${CALLER.value}`, 'api-key': CALLER.value },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

/** Reads a little and goes. */
async function leave(url: string, body: object): Promise<void> {
  const leaving = new AbortController();
  const response = await send(url, body, leaving.signal);
  await response.body?.getReader().read();
  leaving.abort();
}
