/** What a client speaks: one API for one operation. One folder per dialect; `index.ts` is the registry. */
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Keeping } from '#sidecar/canonical/kept-request';
import type { LimitView } from '#sidecar/canonical/limit-view';
import type {
  CanonicalRequest,
  CanonicalResponse,
  OperationName,
  RequestOf,
  ResponseOf,
} from '#sidecar/canonical/request';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { RemoraError } from '#sidecar/errors/remora-error';
import type { SseEvent } from '#sidecar/stream/sse-event';
import type { ClientPaths } from './client-paths.ts';
import type { PathValues } from './path-pattern.ts';
import type { Recall } from './recall.ts';

/** A pure reducer over canonical events. */
export interface StreamEncoder<S, Q extends CanonicalRequest = ChatRequest> {
  start(context: EncodeContext<Q>): S;
  step(state: S, event: StreamEvent): readonly [S, readonly SseEvent[]];
}

/** Ends a stream that went to the client as its provider wrote it, in the words of the API, as at the maximum of tokens. For one choice. */
export interface StreamEnder {
  /** Each frame that has passed, in order. */
  passed(frame: PassedFrame): void;
  /** What follows the last of them. */
  end(): readonly SseEvent[];
}

export interface PassedFrame {
  readonly events: readonly StreamEvent[];
  /** Its bytes. */
  readonly raw: Uint8Array;
}

export interface EncodeContext<Q extends CanonicalRequest = ChatRequest> {
  /** As the client sent it. */
  readonly request: Q;
  /** Unix seconds, where the provider gave none. */
  readonly nowSeconds: number;
  /** Written into the usage of a stream whose client asked for usage: US dollars as a decimal string; absent when the price is unknown. */
  readonly costUsd?: () => string | undefined;
  /** Where the dialect has `recall`, and the answer is written anew. */
  readonly made?: MadeAnswer;
}

/** What an answer needs that clients may name later. */
export interface MadeAnswer {
  /** For the ids that are made here; of no other answer. */
  readonly id: string;
  /** An account keeps the answer under the id that it gave. */
  readonly isKept: boolean;
  /** The id of the answer before, where the request named one that was remembered here. */
  readonly goesOnFrom?: string;
  /** Called with the whole answer as the client gets it, before its last byte is written; never with one that broke. */
  told(answer: JsonObject): void;
}

/** How the body of a request is written; `none`: there is nothing in it. */
export type ContentKind = 'json' | 'form' | 'none';

export type Method = 'GET' | 'POST' | 'DELETE';

/** By name in lower case, as Node joins them. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a request says beside its path and the members of its body. */
export interface Beside {
  readonly query: URLSearchParams;
  /** The bytes of the form's file of that name. */
  file(name: string): Uint8Array | undefined;
}

/** A dialect as the stages see it, whatever its operation; its methods are called with requests and answers of that operation alone. */
export interface AnyDialect {
  /** Of the API. Where a provider's wire has the same id, both speak the same. */
  readonly id: string;
  readonly operation: OperationName;
  /** Paths it is served on, without query, the first for messages to people. Places in braces: see `path-pattern.ts`. */
  readonly paths: readonly string[];
  /** Default: POST. */
  readonly method?: Method;
  /** Tells clients of this API from those of another one on the same path. Absent: whoever else asks. */
  isAskedBy?(headers: RequestHeaders): boolean;
  /**
   * Refuses what path and query ask for and this dialect does not serve, before the body is read. Absent: every query is taken and says
   * nothing. Throws `unknown_path` or `invalid_request`.
   */
  checkTarget?(values: PathValues, query: URLSearchParams): void;
  /** `form` is multipart/form-data, whose text fields are the members of the body. Default: `json`. */
  readonly content?: ContentKind;
  /** Top-level keys that this dialect or the gateway reads; twice in one body is refused. */
  readonly readKeys: readonly string[];
  /** Top-level members that say nothing of what is answered: about the call, for whom it is, whether it comes as a stream. Absent: no answer is given twice. */
  readonly besideAnswer?: readonly string[];
  /** Throws `invalid_request` with `param` for what is wrong; keeps what it does not know in `extensions`. */
  decodeRequest(body: JsonObject, values: PathValues, beside?: Beside): CanonicalRequest;
  /** What the request has to do with what accounts keep; undefined: nothing. */
  keeping?(request: CanonicalRequest): Keeping | undefined;
  /** Where clients may name earlier answers in place of repeating them. */
  readonly recall?: Recall;
  /** Header by which clients of the API know the id of a request, where it is not `x-request-id`. */
  readonly requestIdHeader?: string;
  /** Where the body says what; absent where the canonical paths are the API's own. Throws as `decodeRequest` does. */
  clientPaths?(body: JsonObject): ClientPaths;
  /** Without it answers can only go through as they came, and requests only to providers of the same API. */
  encodeResponse?(response: CanonicalResponse, context: EncodeContext<CanonicalRequest>): JsonObject;
  /** Its answers have a place for pictures that a model made. */
  readonly writesImages?: true;
  /** Where the operation has streams of events. */
  readonly streamEncoder?: StreamEncoder<unknown, CanonicalRequest>;
  /** Without it a stream can be ended only where it is written anew. */
  readonly streamEnder?: () => StreamEnder;
  /** Body of an error answer. */
  renderError(error: RemoraError, requestId: string): JsonObject;
  /** What is left of limits, in headers that clients of the API know. Absent: it has none. */
  limitHeaders?(views: readonly LimitView[]): Record<string, string>;
  /** The events that end a broken stream: an error, and never the dialect's mark of success. Without it a broken answer is cut. */
  renderStreamError?(error: RemoraError, requestId: string): readonly SseEvent[];
}

export interface DialectOf<O extends OperationName> extends AnyDialect {
  readonly operation: O;
  decodeRequest(body: JsonObject, values: PathValues, beside?: Beside): RequestOf<O>;
  keeping?(request: RequestOf<O>): Keeping | undefined;
  encodeResponse?(response: ResponseOf<O>, context: EncodeContext<RequestOf<O>>): JsonObject;
}

/** Of an operation that a model answers with text, whole or as a stream of events. */
export interface Dialect<S = unknown, O extends 'chat' | 'text_completion' = 'chat'> extends DialectOf<O> {
  encodeResponse(response: ResponseOf<O>, context: EncodeContext<RequestOf<O>>): JsonObject;
  readonly streamEncoder: StreamEncoder<S, RequestOf<O>>;
  renderStreamError(error: RemoraError, requestId: string): readonly SseEvent[];
}
