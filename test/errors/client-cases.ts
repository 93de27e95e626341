/** Errors of the request itself. */
import { APIError, BadRequestError, NotFoundError } from 'openai';
import { CHAT as CHAT_TEXT, chatBytes } from '#test/sidecar/raw-http';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { ask, askBytes, CHAT, type ErrorCase, MESSAGES, withMock, withProvider } from './error-case.ts';

const GOES_ON = { model: 'chat', input: 'Go on.', previous_response_id: 'resp_remora_of-another' };

const BODIES: readonly ErrorCase[] = [
  {
    code: 'invalid_json',
    when: 'the body is half a document',
    provoke: async (t) => ask(await withMock(t), '{"model":"chat",'),
    cause: /not valid JSON/,
    next: /Send one JSON object/,
    raises: BadRequestError,
  },
  {
    code: 'duplicate_key',
    when: 'the model is named twice',
    provoke: async (t) => ask(await withMock(t), '{"model":"chat","messages":[],"model":"other"}'),
    cause: /model/,
    next: /Send each key once/,
    raises: BadRequestError,
  },
  {
    code: 'invalid_request',
    when: 'a field has the wrong type',
    provoke: async (t) => ask(await withMock(t), { model: 'chat', messages: 'hi' }),
    cause: /messages must be an array/,
    next: /Correct it/,
    raises: BadRequestError,
  },
  {
    code: 'answer_forgotten',
    when: 'it goes on from an answer of another sidecar',
    provoke: async (t) => ask(await withMock(t), GOES_ON, { path: '/v1/responses' }),
    cause:
      /previous_response_id names an earlier answer that no service stores and that this sidecar does not remember/,
    next: /Send the conversation itself as input/,
    raises: BadRequestError,
    clientCode: 'previous_response_not_found',
  },
  {
    code: 'unknown_answer',
    when: 'another sidecar gave the id',
    provoke: async (t) =>
      ask(await withMock(t), {}, { path: `/v1/responses/${GOES_ON.previous_response_id}`, method: 'GET' }),
    cause: /This sidecar remembers no answer under this id/,
    next: /Use what the answer said when it came/,
    raises: NotFoundError,
  },
  {
    code: 'unknown_request',
    when: 'feedback is about an answer of another pod',
    provoke: async (t) => ask(await withMock(t), { request_id: 'of-another', rating: 'up' }, { path: '/v1/feedback' }),
    cause: /This sidecar remembers no answer of that request/,
    next: /Send the x-request-id of one of the newest answers/,
    raises: NotFoundError,
  },
  {
    code: 'unsupported_parameter',
    when: 'the only target cannot give two choices',
    provoke: async (t) => ask(await (await withProvider(t, 'anthropic')).sidecar(), { ...CHAT, n: 2 }),
    cause: /n cannot be expressed in the API of Anthropic/,
    next: /Leave it out/,
    raises: BadRequestError,
  },
  {
    code: 'unknown_model',
    when: 'no AIRoute serves it',
    provoke: async (t) => ask(await withMock(t), { model: 'chad', messages: MESSAGES }),
    cause: /No AIRoute of this workload serves the model `chad`/,
    next: /Use a model that exists: chat\./,
    raises: NotFoundError,
    clientCode: 'model_not_found',
  },
  {
    code: 'unknown_model',
    when: 'there is no AIRoute at all',
    provoke: async (t) => ask(await startSidecar(t, { policy: { providers: {}, routes: [] } })),
    cause: /No AIRoute of this workload serves/,
    next: /Add an AIRoute/,
    raises: NotFoundError,
    clientCode: 'model_not_found',
  },
  {
    code: 'unknown_model',
    when: 'no rule of its AIRoute matches',
    provoke: async (t) => {
      const match = { headers: [{ name: 'x-tier', value: 'gold' }] };
      const providers = { mock: { type: 'Mock' as const } };
      return ask(
        await startSidecar(t, { policy: { providers, routes: [{ match, targets: [{ provider: 'mock' }] }] } }),
      );
    },
    cause: /No rule of AIRoute default\/route-0 matches/,
    next: /Send what one of its rules asks for/,
    object: 'AIRoute default/route-0',
    raises: NotFoundError,
    clientCode: 'model_not_found',
  },
  {
    code: 'body_too_large',
    when: 'more is sent than one request may have',
    provoke: async (t) => {
      const config = { limits: { bodyBytes: 100, retainedBytes: 10_000, connections: 10, requests: 100 } };
      return ask(await withMock(t, { config }), { ...CHAT, user: 'u'.repeat(100) });
    },
    cause: /over 100 bytes/,
    next: /Send less/,
    raises: APIError,
  },
];

const HEADS: readonly ErrorCase[] = [
  {
    code: 'invalid_host',
    when: 'two Host headers are sent',
    provoke: async (t) => askBytes(await withMock(t), chatBytes(CHAT_TEXT, ['host: a', 'host: b'])),
    cause: /2 Host headers/,
    next: /Send exactly one/,
    raises: BadRequestError,
  },
  {
    code: 'invalid_host',
    when: 'the target is a whole URL',
    provoke: async (t) => askBytes(await withMock(t), chatBytes(CHAT_TEXT, ['host: a'], 'http://a/v1/models')),
    cause: /not a path/,
    next: /Send the path alone/,
    raises: BadRequestError,
  },
  {
    code: 'account_unresolved',
    when: 'two accounts could have what is asked for',
    provoke: async (t) => {
      const providers = { a: { type: 'OpenAI' as const }, b: { type: 'OpenAI' as const } };
      const routes = [{ targets: [{ provider: 'a' }, { provider: 'b' }] }];
      return ask(await startSidecar(t, { policy: { providers, routes } }), '', { path: '/v1/files/f', method: 'GET' });
    },
    cause: /Several accounts could be meant, and this sidecar has not seen which one keeps what is asked for/,
    next: /State the AIProvider in the header x-remora-provider: default\/a, default\/b/,
    raises: BadRequestError,
  },
  {
    code: 'unknown_header',
    when: 'a caller claims a team',
    provoke: async (t) => ask(await withMock(t), CHAT, { headers: { 'x-remora-team': 'other' } }),
    cause: /x-remora-team is not one of ours/,
    next: /Remove it, or use/,
    raises: BadRequestError,
  },
  {
    code: 'unsupported_content_type',
    when: 'the body is declared compressed',
    provoke: async (t) => ask(await withMock(t), CHAT, { headers: { 'content-encoding': 'gzip' } }),
    cause: /compressed/,
    next: /Send it without Content-Encoding/,
    raises: APIError,
  },
  {
    code: 'unsupported_content_type',
    when: 'the body is declared as text',
    provoke: async (t) => ask(await withMock(t), CHAT, { headers: { 'content-type': 'text/plain' } }),
    cause: /not declared as JSON/,
    next: /Send it with Content-Type/,
    raises: APIError,
  },
  {
    code: 'unknown_path',
    when: 'an API of another time is asked for',
    provoke: async (t) => ask(await withMock(t), CHAT, { path: '/v2/chat' }),
    cause: /Nothing is served on this path/,
    next: /Use one of \/v1\/chat\/completions, .*\/v1\/models/,
    raises: NotFoundError,
  },
  {
    code: 'method_not_allowed',
    when: 'a chat is asked for with GET',
    provoke: async (t) => ask(await withMock(t), '', { method: 'GET' }),
    cause: /not served with the method/,
    next: /Use POST/,
    raises: APIError,
  },
  {
    code: 'method_not_allowed',
    when: 'the sidecar is used as a proxy',
    provoke: async (t) => askBytes(await withMock(t), 'CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n'),
    cause: /CONNECT is not served/,
    next: /Use this address as the base URL/,
    raises: APIError,
  },
  {
    code: 'invalid_request',
    when: 'the bytes are not HTTP',
    provoke: async (t) => askBytes(await withMock(t), '\x16\x03\x01\r\n\r\n'),
    cause: /not well-formed HTTP/,
    next: /Send plain HTTP/,
    raises: BadRequestError,
  },
  {
    code: 'invalid_request',
    when: 'the headers are too large',
    provoke: async (t) => askBytes(await withMock(t), chatBytes(CHAT_TEXT, ['host: a', `x: ${'a'.repeat(20_000)}`])),
    cause: /headers are too large/,
    next: /Send fewer/,
    status: 431,
    raises: APIError,
  },
  {
    code: 'invalid_request',
    when: 'another coding stands before chunked',
    provoke: async (t) =>
      askBytes(
        await withMock(t),
        'POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\nconnection: close\r\n\r\n0\r\n\r\n',
      ),
    cause: /Transfer-Encoding is not supported/,
    next: /Send the body with Content-Length/,
    status: 501,
    raises: APIError,
  },
];

const HURRIED = { arrival: { headMs: 50, wholeMs: 100 } };

const LATE: readonly ErrorCase[] = [
  {
    code: 'request_timeout',
    when: 'the head stays away',
    provoke: async (t) => askBytes(await withMock(t, { config: HURRIED }), 'POST /v1/chat/completions HTTP/1.1\r\n'),
    cause: /did not arrive in time/,
    next: /Send head and body without long pauses/,
    raises: APIError,
  },
  {
    code: 'request_timeout',
    when: 'the body stops in the middle',
    provoke: async (t) => askBytes(await withMock(t, { config: HURRIED }), chatBytes(CHAT_TEXT).slice(0, -5)),
    cause: /did not arrive in time/,
    next: /Send head and body without long pauses/,
    raises: APIError,
  },
  {
    code: 'invalid_request',
    when: 'a chunk of the body is malformed',
    provoke: async (t) => {
      const { port } = await withMock(t);
      const head = 'POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';
      return askBytes({ port }, `${head}zz\r\n`);
    },
    cause: /not well-formed HTTP/,
    next: /Send plain HTTP/,
    raises: BadRequestError,
  },
];

export const CLIENT_CASES: readonly ErrorCase[] = [
  {
    code: 'unsupported_operation',
    when: 'no provider of the model serves embeddings',
    provoke: async (t) => ask(await withMock(t), { model: 'chat', input: 'a' }, { path: '/v1/embeddings' }),
    cause: /The API of mock\/m does not serve embeddings requests/,
    next: /Ask for a model of another AIRoute/,
    object: 'AIRoute default/route-0',
    raises: BadRequestError,
  },
  ...BODIES,
  ...HEADS,
  ...LATE,
];
