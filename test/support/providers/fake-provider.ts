/**
 * A provider on a port of its own: speaks the true wire format, shows faults on demand, records what it received and counts in its own
 * book what it would bill. It imports nothing of the sidecar, so that both cannot be wrong in the same way.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropicFakeWire } from './anthropic-fake-wire.ts';
import { azureFakeWire, azureResponsesFakeWire } from './azure-fake-wire.ts';
import { bedrockFakeWire } from './bedrock-fake-wire.ts';
import { cohereFakeWire } from './cohere-fake-wire.ts';
import { geminiFakeWire, vertexFakeWire } from './gemini-fake-wire.ts';
import { mistralFakeWire } from './mistral-fake-wire.ts';
import { openaiFakeWire } from './openai-fake-wire.ts';
import { openaiResponsesFakeWire } from './openai-responses-fake-wire.ts';
import type { Answer, FakeWire, Fault, Operate, PathMeaning, Script } from './script.ts';
import { vertexClaudeFakeWire } from './vertex-claude-fake-wire.ts';

export type FakeDialect =
  | 'openai'
  | 'anthropic'
  | 'gemini'
  | 'vertex'
  | 'vertex-claude'
  | 'bedrock'
  | 'azure'
  | 'azure-dated'
  | 'azure-responses'
  | 'cohere'
  | 'mistral'
  | 'openai-responses';

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Parsed; undefined when it was not JSON. */
  readonly body: { readonly [key: string]: unknown } | undefined;
  readonly rawBody: string;
  readonly bytes: Uint8Array;
  /** Becomes true when the caller closed the connection before the answer was complete. */
  wasAborted: boolean;
}

export interface BilledTokens {
  calls: number;
  inputTokens: number;
  outputTokens: number;
}

export interface FakeProvider {
  /** The base URL as an AIProvider would name it. */
  readonly url: string;
  readonly requests: readonly FakeRequest[];
  /** Empties `requests`, for tests that make very many. */
  forget(): void;
  /** What it would bill: all input of each call that it began to answer, and each word that it sent. */
  readonly book: Readonly<BilledTokens>;
  /** From now on, for every request. A function sees the request. */
  respondWith(script: Script | ((request: FakeRequest) => Script)): void;
  /** For the next requests, one each; afterwards what `respondWith` said. */
  respondOnce(...scripts: Script[]): void;
  close(): Promise<void>;
}

export interface FakeProviderOptions {
  readonly dialect: FakeDialect;
  /** Any other credential is answered 401. Default: all are taken. */
  readonly acceptKey?: string;
  /** Default 0: a free port. */
  readonly port?: number;
  /** A part of all ids that it gives out. Default: none. */
  readonly account?: string;
}

const WIRES: Readonly<Record<FakeDialect, FakeWire>> = {
  openai: openaiFakeWire,
  anthropic: anthropicFakeWire,
  gemini: geminiFakeWire,
  vertex: vertexFakeWire,
  'vertex-claude': vertexClaudeFakeWire,
  bedrock: bedrockFakeWire,
  azure: azureFakeWire('/openai/v1/chat/completions'),
  'azure-dated': azureFakeWire('/openai/deployments/prod-4o/chat/completions?api-version=2024-10-21'),
  'azure-responses': azureResponsesFakeWire,
  cohere: cohereFakeWire,
  mistral: mistralFakeWire,
  'openai-responses': openaiResponsesFakeWire,
};
const SSE_TYPE = 'text/event-stream; charset=utf-8';
const CREATED = 1_790_000_000;
const BYTES_PER_TOKEN = 4;

interface Exchange {
  readonly wire: FakeWire;
  readonly request: FakeRequest;
  readonly response: ServerResponse;
  readonly script: Script;
  readonly answer: Answer;
  /** The answer is asked for as a stream. */
  readonly isStream: boolean;
  readonly requestId: string;
  readonly book: BilledTokens;
  /** For what is no chat. */
  readonly operate: Operate | undefined;
}

export async function startFakeProvider(options: FakeProviderOptions): Promise<FakeProvider> {
  const wire = WIRES[options.dialect];
  const requests: FakeRequest[] = [];
  const book: BilledTokens = { calls: 0, inputTokens: 0, outputTokens: 0 };
  const queue: Script[] = [];
  const account = wire.account?.(options.account ?? '');
  let standing: (request: FakeRequest) => Script = () => ({});
  const server = createServer((incoming, response) => {
    const exchange = receive(incoming).then(async (request) => {
      requests.push(request);
      response.on('close', () => {
        request.wasAborted = !response.writableFinished;
      });
      const ask = account?.answer({ ...request, inputTokens: tokensOf(request) });
      const door = { wire, acceptKey: options.acceptKey, hasKept: ask !== undefined };
      const planned = refusal(door, request) ?? queue.shift() ?? standing(request);
      const isDone = planned.fault === undefined;
      const kept = isDone ? ((await ask?.()) ?? account?.refuse?.(request.body ?? {})) : undefined;
      const script =
        kept !== undefined && 'message' in kept ? { fault: { kind: 'status' as const, ...kept } } : planned;
      const requestId = `req_${requests.length}`;
      const { model, stream: isStream } = meaningOf(wire, request) ?? { model: 'unknown', stream: false };
      const id = `fake${options.account ?? ''}${requests.length}`;
      const answer = compose(options.dialect, { wire, script, request, model, id });
      if (kept === undefined && script.fault === undefined) account?.answered?.(id, request.body ?? {});
      const operate = kept !== undefined && 'body' in kept ? () => kept : operationOf(wire, request);
      await respond({ wire, request, response, script, answer, isStream, requestId, book, operate });
    });
    // The caller left while it sent its request.
    exchange.catch(() => incoming.destroy());
  });
  await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${wire.basePath}`,
    requests,
    forget: () => void requests.splice(0),
    book,
    respondWith: (script) => {
      standing = typeof script === 'function' ? script : () => script;
    },
    respondOnce: (...scripts) => void queue.push(...scripts),
    close: () => close(server),
  };
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

async function receive(incoming: IncomingMessage): Promise<FakeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const rawBody = bytes.toString();
  return {
    bytes,
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: incoming.headers,
    body: parse(rawBody),
    rawBody,
    wasAborted: false,
  };
}

function parse(text: string): FakeRequest['body'] {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** undefined: the API has no such path. */
function meaningOf(wire: FakeWire, { path, body }: FakeRequest): PathMeaning | undefined {
  if (wire.readPath !== undefined) return wire.readPath(path);
  return path === wire.path ? { model: String(body?.model ?? 'unknown'), stream: body?.stream === true } : undefined;
}

const operationOf = (wire: FakeWire, { path }: FakeRequest): Operate | undefined =>
  wire.operations?.[path] ?? wire.operationAt?.(path);

interface Door {
  readonly wire: FakeWire;
  readonly acceptKey: string | undefined;
  /** The request is about something that the account keeps. */
  readonly hasKept: boolean;
}

/** What the real API would refuse before it looks at the request. */
function refusal({ wire, acceptKey, hasKept }: Door, request: FakeRequest): Script | undefined {
  const error = (status: number, message: string): Script => ({ fault: { kind: 'status', status, message } });
  const isServed = meaningOf(wire, request) !== undefined || operationOf(wire, request) !== undefined;
  if (!hasKept && (!isServed || request.method !== 'POST')) return error(404, `No such path: ${request.path}`);
  if (acceptKey !== undefined && wire.credential(request.headers) !== acceptKey) return error(401, 'Invalid API key.');
  if (meaningOf(wire, request) === undefined) return undefined;
  if (request.body === undefined) return error(400, 'The body is not JSON.');
  const refused = wire.refuse?.(request.body);
  return refused === undefined ? undefined : error(422, refused);
}

function compose(
  dialect: FakeDialect,
  {
    wire,
    script,
    request,
    model,
    id,
  }: { wire: FakeWire; script: Script; request: FakeRequest; model: string; id: string },
): Answer {
  const body = request.body ?? {};
  const maximum = Number(
    wire.maximumOf?.(body) ??
      body.max_completion_tokens ??
      body.max_output_tokens ??
      body.max_tokens ??
      Number.POSITIVE_INFINITY,
  );
  const text = script.text ?? (script.toolCalls === undefined ? `Hello from ${dialect}.` : '');
  const words = text.match(/\s*\S+|\s+$/g) ?? [];
  const streamOptions = body.stream_options as { include_usage?: boolean } | undefined;
  return {
    id,
    model,
    created: CREATED,
    words: words.slice(0, maximum),
    reasoning: script.reasoning ?? '',
    toolCalls: script.toolCalls ?? [],
    finishReason: script.finishReason,
    serviceTier: script.serviceTier,
    searches: Math.min(script.searches ?? 0, mostSearches(body)),
    isCutShort: words.length > maximum,
    inputTokens: script.usage?.inputTokens ?? tokensOf(request),
    outputTokens: script.usage?.outputTokens ?? Math.min(words.length, maximum),
    includeUsage: streamOptions?.include_usage === true,
  };
}

/** As OpenAI and Anthropic let a request state it. */
function mostSearches({ max_tool_calls: ofAll, tools }: NonNullable<FakeRequest['body']>): number {
  const uses = (Array.isArray(tools) ? tools : []).flatMap(({ max_uses: most }) =>
    typeof most === 'number' ? most : [],
  );
  return Math.min(typeof ofAll === 'number' ? ofAll : Infinity, uses.length === 0 ? Infinity : Math.max(...uses));
}

const tokensOf = ({ rawBody }: FakeRequest): number => Math.ceil(rawBody.length / BYTES_PER_TOKEN);

async function respond(exchange: Exchange): Promise<void> {
  const { script, isStream, response } = exchange;
  await script.holdHead;
  for (const [name, value] of Object.entries(script.headers ?? {})) response.setHeader(name, value);
  if (script.fault !== undefined && answerFault(exchange, script.fault)) return;
  exchange.book.calls += 1;
  exchange.book.inputTokens += exchange.answer.inputTokens;
  if (exchange.operate !== undefined) await operation(exchange, exchange.operate);
  else if (isStream) await stream(exchange);
  else plain(exchange);
}

/** True when the fault is the whole answer. */
function answerFault({ wire, response, requestId }: Exchange, fault: Fault): boolean {
  const write = (status: number, type: string, body: string, headers: Readonly<Record<string, string>> = {}) => {
    response.writeHead(status, { ...wire.headers(requestId), 'content-type': type, ...headers });
    response.end(body);
    return true;
  };
  switch (fault.kind) {
    case 'status':
      return write(fault.status, 'application/json', JSON.stringify(wire.error(fault.status, fault, requestId)), {
        ...wire.errorHeaders?.(fault.status, fault),
        ...fault.headers,
      });
    case 'reset-before-head':
      response.socket?.resetAndDestroy();
      return true;
    case 'hang':
      return true;
    case 'html':
      return write(200, 'text/html', '<!doctype html><title>Just a moment…</title>');
    case 'half-json':
      return write(200, 'application/json', '{"id":"fake","choices":[{"index":0,"mess');
    default:
      return false;
  }
}

/** The connection is lost before the last piece where the script cuts it. */
async function operation(
  { wire, request, response, script, answer, requestId }: Exchange,
  operate: Operate,
): Promise<void> {
  const {
    status = 200,
    type = 'application/json',
    headers,
    body,
  } = operate({ ...request, inputTokens: answer.inputTokens });
  const pieces = Array.isArray(body) ? (body as readonly Uint8Array[]) : [Buffer.from(JSON.stringify(body))];
  response.writeHead(status, { ...wire.headers(requestId), 'content-type': type, ...headers });
  for (const [index, piece] of pieces.entries()) {
    if (script.fault?.kind === 'cut' && index === pieces.length - 1) return void response.socket?.destroy();
    await new Promise((resolve) => response.write(piece, resolve));
    if (script.hold?.afterEvents === index + 1) await script.hold.until;
  }
  response.end();
}

function plain({ wire, response, script, answer, requestId, book }: Exchange): void {
  const body = JSON.stringify(wire.body(answer));
  response.writeHead(200, {
    ...wire.headers(requestId),
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  book.outputTokens += answer.outputTokens;
  const breaks = script.fault?.kind === 'cut' || script.fault?.kind === 'reset-after-head';
  if (!breaks) response.end(body);
  else response.write(body.slice(0, body.length >> 1), () => response.socket?.resetAndDestroy());
}

async function stream(exchange: Exchange): Promise<void> {
  const { wire, response, script, answer, requestId, book, request } = exchange;
  const { fault, hold } = script;
  response.writeHead(200, {
    ...wire.headers(requestId),
    'content-type': wire.streamType ?? SSE_TYPE,
    'cache-control': 'no-cache',
  });
  response.flushHeaders();
  const breakAt = breakingEvent(fault);
  const events = wire.events(answer);
  for (const [index, event] of [...events.entries(), [events.length, undefined] as const]) {
    if (hold?.afterEvents === index) await hold.until;
    if (index === breakAt) return endEarly(exchange, fault);
    if (event === undefined || response.destroyed || request.wasAborted) break;
    book.outputTokens += Math.min(1, Math.max(0, answer.outputTokens - index));
    if (!response.write(event)) await drained(response);
  }
  response.end();
}

const breakingEvent = (fault: Fault | undefined): number => {
  if (fault?.kind === 'reset-after-head') return 0;
  return fault?.kind === 'cut' || fault?.kind === 'error-in-stream' ? fault.afterEvents : -1;
};

/** What was written leaves first, so that a test knows how much the caller can have read. */
function endEarly({ wire, response }: Exchange, fault: Fault | undefined): void {
  if (fault?.kind === 'error-in-stream') response.end(wire.errorEvent(fault.type, fault.message));
  else response.write(wire.streamType === undefined ? ': \n\n' : '', () => response.socket?.destroy());
}

/** Also when the caller has left. */
const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
