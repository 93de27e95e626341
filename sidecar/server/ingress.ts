/** The listener of the app's requests: checks heads, knows the paths, and hands calls to the pipeline. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { REQUEST_HEADER, RESPONSE_HEADER } from '#contract/names/headers';
import { NO_USAGE } from '#sidecar/canonical/usage';
import type { SidecarConfig } from '#sidecar/config/sidecar-config';
import type { AnyDialect } from '#sidecar/dialects/dialect';
import { type Endpoint, endpointAt } from '#sidecar/dialects/index';
import { openaiChat } from '#sidecar/dialects/openai-chat/dialect';
import { encodeModel, encodeModelList, type ModelsQuestion, modelsAt } from '#sidecar/dialects/openai-chat/model-list';
import { RemoraError } from '#sidecar/errors/remora-error';
import { jobAt } from '#sidecar/jobs/job-id';
import type { Jobs } from '#sidecar/jobs/jobs';
import type { Call } from '#sidecar/pipeline/call';
import { keyOf } from '#sidecar/pipeline/caller-key';
import { handle, type PipelineDeps } from '#sidecar/pipeline/handle';
import { isVisible, visibleModels } from '#sidecar/pipeline/policy/visible-models';
import { errorAnswer } from '#sidecar/pipeline/render-failure';
import type { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { IdleWait } from '#sidecar/pipeline/scope/idle-wait';
import { ClientGone, RequestScope } from '#sidecar/pipeline/scope/request-scope';
import { SlotList, type Slotted } from '#sidecar/pipeline/scope/slot-list';
import { unknownModel } from '#sidecar/pipeline/select-route';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import { askedEndpoint, methodNotAllowed } from './asked-endpoint.ts';
import { connectNotServed, parserError, writeBareAnswer } from './bare-answer.ts';
import { BodyReader } from './body-reader.ts';
import { answerExplained, mustNotBeExplained } from './explain-endpoint.ts';
import { answerFeedback, FEEDBACK, FEEDBACK_BYTES, type LabelledFeedback } from './feedback-endpoint.ts';
import { HttpReply, type HttpReplyOptions } from './http-reply.ts';
import { answerJob } from './job-endpoint.ts';
import { listen } from './listen.ts';
import { presentedKey } from './presented-key.ts';
import { checkContent, checkHead, pathOf } from './request-head.ts';
import { RetainedBytes, tooManyRequests } from './retained-bytes.ts';

const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** How often Node looks for late requests, as a part of the head's limit; its own 30 s would make that three times as long. */
const TIMEOUT_CHECKS = 5;
/** How long the error events of cut streams may take to leave. */
const LAST_WORDS_MS = 1_000;

export interface IngressDeps extends PipelineDeps {
  readonly config: SidecarConfig;
  readonly deadlines: Deadlines;
  readonly jobs: Jobs;
  readonly newRequestId: () => string;
  readonly onFeedback: (feedback: LabelledFeedback) => void;
}

interface Accepted {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly reply: HttpReply;
  readonly requestId: string;
  readonly expectsContinue: boolean;
}

/** A request until its answer has left. */
interface OpenCall extends Slotted {
  readonly scope: RequestScope;
  readonly body: BodyReader;
  readonly request: IncomingMessage;
  isHandled: boolean;
  isAnswered: boolean;
}

/** In whose shape a request is refused that named no path of any dialect. */
const NEAREST_DIALECT: AnyDialect = openaiChat;

export class Ingress {
  readonly #deps: IngressDeps;
  readonly #server: Server;
  readonly #retained: RetainedBytes;
  readonly #open = new SlotList<OpenCall>();
  readonly #idle: IdleWait;
  readonly #replies: HttpReplyOptions;
  /** Connections on which a request was refused that had not arrived yet: what follows there is the rest of it. */
  readonly #refused = new WeakSet<Socket>();
  #draining = false;

  constructor(deps: IngressDeps) {
    this.#deps = deps;
    this.#idle = new IdleWait(deps.deadlines, () => this.#open.size === 0);
    this.#retained = new RetainedBytes(deps.config.limits.retainedBytes);
    this.#replies = { deadlines: deps.deadlines, isLast: () => this.#draining, stallLimitMs: deps.config.stallMs };
    const { headMs, wholeMs } = deps.config.arrival;
    this.#server = createServer({
      headersTimeout: headMs,
      requestTimeout: wholeMs,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: Math.ceil(headMs / TIMEOUT_CHECKS),
      // Our own check answers in JSON and counts them.
      requireHostHeader: false,
      noDelay: true,
    });
    this.#server.maxConnections = deps.config.limits.connections;
    this.#server.on('request', (request, response) => this.#accept(request, response, false));
    this.#server.on('checkContinue', (request, response) => this.#accept(request, response, true));
    this.#server.on('checkExpectation', (request, response) => this.#accept(request, response, false));
    this.#server.on('connect', (_request, socket) => this.#refuseBare(connectNotServed(), socket));
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
      this.#onParserError(error.code, socket as Socket),
    );
  }

  listen(): Promise<AddressInfo> {
    return listen(this.#server, this.#deps.config.ingress);
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Takes no new connection, lets open requests end until the deadline, then ends them with an error of their dialect. */
  async close({ deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    this.#draining = true;
    this.#server.close();
    await this.#idle.within(deadlineMs);
    this.endOpen(
      () => new RemoraError({ code: 'draining', message: 'The sidecar is shutting down. Retry on a new connection.' }),
    );
    await this.#idle.within(LAST_WORDS_MS);
    this.#server.closeAllConnections();
  }

  /** Ends whatever is open with an error of its dialect. */
  endOpen(errorOf: () => RemoraError): void {
    for (const { scope, body } of this.#open.toArray()) {
      const error = errorOf();
      scope.cancel(error);
      body.fail(error);
    }
  }

  #accept(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const requestId = this.#deps.newRequestId();
    const reply = new HttpReply(request, response, this.#replies);
    try {
      const path = checkHead(request);
      const job = request.method === 'POST' ? undefined : jobAt(path);
      if (job !== undefined) {
        mustNotBeExplained(request.headers);
        const hold = this.#retained.holdUntilClosed(response);
        void answerJob(
          { id: job, method: request.method, requestId, reply, hold },
          this.#deps.jobs,
          this.#deps.onFault,
        );
        return;
      }
      const models = modelsAt(path);
      // Google's paths of models end in what is to be done with the model, as names of models may, too.
      const isAsked = models !== undefined && (request.method === 'GET' || endpointAt(path) === undefined);
      if (isAsked) this.#tellModels(models, { request, reply, requestId });
      else this.#acceptCall(askedEndpoint(path, request), { request, response, reply, requestId, expectsContinue });
    } catch (thrown) {
      const error = RemoraError.from(thrown);
      if (error.code === 'internal') this.#deps.onFault(thrown, requestId);
      const dialect = endpointAt(pathOf(request.url ?? ''))?.dialect ?? NEAREST_DIALECT;
      const { status, headers, body } = errorAnswer(error, dialect, requestId);
      if (!request.complete) this.#refused.add(request.socket);
      reply.whole(status, headers, body);
      this.#deps.telemetry.record(refusalRecord(error, { requestId, dialect, nowUnixMs: this.#deps.now() }));
    }
  }

  /** For what has no request and no response object; nobody is told when the peer has left. */
  #refuseBare(error: RemoraError, socket: Duplex): void {
    if (!socket.writable) return void socket.destroy();
    const refused = { requestId: this.#deps.newRequestId(), dialect: NEAREST_DIALECT, nowUnixMs: this.#deps.now() };
    writeBareAnswer(socket, errorAnswer(error, refused.dialect, refused.requestId));
    this.#deps.telemetry.record(refusalRecord(error, refused));
  }

  #acceptCall(endpoint: Endpoint, { request, response, reply, requestId, expectsContinue }: Accepted): void {
    checkContent(request, endpoint.dialect.content);
    // Before anything is held for it: what is too much must cost next to nothing.
    if (this.#open.size >= this.#deps.config.limits.requests) throw tooManyRequests();
    const scope = new RequestScope(this.#deps.deadlines);
    const { limits } = this.#deps.config;
    const body = new BodyReader(request, response, {
      limitBytes: endpoint === FEEDBACK ? FEEDBACK_BYTES : limits.bodyBytes,
      retained: this.#retained,
      expectsContinue,
    });
    const open: OpenCall = { slot: -1, scope, body, request, isHandled: false, isAnswered: false };
    response.on('close', () => {
      if (!response.writableFinished) scope.cancel(new ClientGone());
      open.isAnswered = true;
      this.#forget(open);
    });
    const keyDigest = presentedKey(request);
    const known = { requestId, endpoint, headers: request.headers, ...(keyDigest !== undefined && { keyDigest }) };
    this.#run({ ...known, body, reply, scope }, open);
  }

  #run(call: Call, open: OpenCall): void {
    this.#open.add(open);
    void this.#answer(call).then(() => {
      open.isHandled = true;
      this.#forget(open);
    });
  }

  /** None ever rejects. */
  #answer(call: Call): Promise<void> {
    if (call.headers[REQUEST_HEADER.explain] !== undefined) return answerExplained(call, this.#deps);
    if (call.endpoint === FEEDBACK) return answerFeedback(call, this.#deps);
    const isJob = call.headers[REQUEST_HEADER.callback] !== undefined;
    return isJob ? this.#deps.jobs.accept(call) : handle(call, this.#deps);
  }

  #forget(open: OpenCall): void {
    if (!open.isHandled || !open.isAnswered) return;
    this.#open.remove(open);
    this.#idle.changed();
  }

  /** A walk, since parser errors are rare and a table by socket would cost every request. */
  #openOn(socket: Socket): OpenCall | undefined {
    const open = this.#open.toArray().filter(({ request }) => request.socket === socket);
    return open.find(({ request }) => !request.complete) ?? open[0];
  }

  #tellModels(
    { model }: ModelsQuestion,
    { request, reply, requestId }: Pick<Accepted, 'request' | 'reply' | 'requestId'>,
  ): void {
    if (request.method !== 'GET') throw methodNotAllowed(['GET']);
    const snapshot = this.#deps.policies.pin();
    const key = keyOf(presentedKey(request), snapshot, this.#deps.now());
    const headers = { 'content-type': 'application/json', [RESPONSE_HEADER.requestId]: requestId };
    if (model === undefined) reply.whole(200, headers, JSON.stringify(encodeModelList(visibleModels(snapshot, key))));
    else if (isVisible(snapshot, model, key)) reply.whole(200, headers, JSON.stringify(encodeModel(model)));
    else throw unknownModel(model, snapshot);
  }

  #onParserError(code: string | undefined, socket: Socket): void {
    const open = this.#openOn(socket);
    if (open === undefined) {
      if (this.#refused.has(socket)) socket.destroy();
      else this.#refuseBare(parserError(code), socket);
    } else if (open.request.complete || code === 'ECONNRESET' || code === 'HPE_INVALID_EOF_STATE') {
      // The client left in the middle of its body; or the bytes follow a complete request, and an answer to them cannot be put
      // into the one that is under way.
      open.body.fail(new ClientGone());
      socket.destroy();
    } else {
      open.body.fail(parserError(code));
    }
  }
}

interface Refused {
  readonly requestId: string;
  readonly dialect: AnyDialect;
  readonly nowUnixMs: number;
}

/** What is refused by its head is still a request that somebody on call looks for. */
const refusalRecord = (error: RemoraError, { requestId, dialect, nowUnixMs }: Refused): RequestRecord => ({
  requestId,
  dialect: dialect.id,
  operation: dialect.operation,
  stream: false,
  status: error.status,
  outcome: error.code,
  attempts: [],
  retries: 0,
  retriesDenied: [],
  clientRetry: 0,
  usage: NO_USAGE,
  costNanoUsd: 0n,
  guardrailActions: [],
  startUnixMs: nowUnixMs,
  durationMs: 0,
});
