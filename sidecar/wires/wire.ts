/**
 * One API of upstreams for one operation: where a request goes, how it is written, and how what comes back is read. One folder per API;
 * several providers may speak the same.
 */
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { ProviderFailure } from '#sidecar/canonical/failure';
import type { HostedTools } from '#sidecar/canonical/hosted-tools';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type {
  CanonicalRequest,
  CanonicalResponse,
  OperationName,
  RequestOf,
  ResponseOf,
} from '#sidecar/canonical/request';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { Framing } from '#sidecar/stream/framing';
import type { SseEvent } from '#sidecar/stream/sse-event';
import type { Losses } from './losses.ts';

export interface PassthroughChanges {
  /** The target's own name of the model. */
  readonly model: string;
  /** An upper bound to enforce; absent leaves the client's own. */
  readonly maxOutputTokens?: number;
}

/** A request of a client that speaks this API. */
export interface ClientRequest<Q extends CanonicalRequest = ChatRequest> {
  readonly request: Q;
  /** The same as the client wrote it. */
  readonly body: JsonObject;
  /** The target's own name of the model. */
  readonly model: string;
}

/** A pure reducer over the events of the provider's stream. */
export interface StreamDecoder<S> {
  start(): S;
  step(state: S, event: SseEvent): readonly [S, readonly StreamEvent[]];
  /** The body ended properly: what that means where the API marks no end. Without it a stream that ends unmarked is broken. */
  end?(state: S): readonly StreamEvent[];
}

/** How the events of a stream are read. */
export interface StreamReading<S = unknown> {
  readonly framing: Framing;
  readonly streamDecoder: StreamDecoder<S>;
}

/** Names in lower case. */
export type ResponseHeaders = Readonly<Record<string, string>>;

/** A wire as the stages see it, whatever its operation; its methods are called with requests and answers of that operation alone. */
export interface AnyWire extends Partial<StreamReading> {
  /** Of the API. Where it is the id of the client's dialect too, both speak the same and bytes may pass through unchanged. */
  readonly id: string;
  readonly operation: OperationName;
  /** It reads requests of its own API alone: for clients of another one it does not serve the operation. */
  readonly ownClientsOnly?: true;
  /** Path and query under the AIProvider's endpoint. */
  path(model: string, stream: boolean, request?: CanonicalRequest): string;
  /** For messages to people. */
  readonly name: string;
  /** `model` is the target's own name of the model. What the API cannot express goes to `losses`, which may throw `unsupported_parameter`. */
  encodeRequest(request: CanonicalRequest, model: string, losses: Losses): JsonObject;
  /** Names, in lower case, of client headers that mean something to this API and are passed on where the client speaks it too. */
  readonly forwardedHeaders: readonly string[];
  /** Whether this service understands the client's bytes as they are; where it does not, the request is written anew. Absent: it always does. */
  canPass?(client: ClientRequest<CanonicalRequest>): boolean;
  /** On the passthrough lane: the top-level values that must be replaced in the client's body, or left out (undefined), for `spliceTopLevel`. */
  passthroughEdits?(body: JsonObject, changes: PassthroughChanges): Readonly<Record<string, JsonValue | undefined>>;
  /** Tools that the provider may run by itself, of requests in this API's own words. Absent: none. */
  readonly hostedTools?: HostedTools;
  /** Throws AnswerFailed for an answer that says that the request failed, and any other error where the body is not of this API. */
  decodeResponse(body: JsonObject, headers?: ResponseHeaders): CanonicalResponse;
  /** An answer that is no JSON, such as audio or plain text, goes through unread. Without it such an answer is no answer. */
  readonly passesBytes?: true;
  /** Accounts may keep what this API answers, under the ids that the answers tell. */
  readonly keepsAnswers?: true;
  /** `body` is the parsed JSON, or undefined when it was not JSON. */
  mapError(status: number, headers: ResponseHeaders, body: JsonValue | undefined): ProviderFailure;
}

export interface WireOf<O extends OperationName> extends AnyWire {
  readonly operation: O;
  path(model: string, stream: boolean, request?: RequestOf<O>): string;
  canPass?(client: ClientRequest<RequestOf<O>>): boolean;
  encodeRequest(request: RequestOf<O>, model: string, losses: Losses): JsonObject;
  decodeResponse(body: JsonObject, headers?: ResponseHeaders): ResponseOf<O>;
}

/** Of an operation that a model answers with text, whole or as a stream of events. */
export type Wire<S = unknown, O extends 'chat' | 'text_completion' = 'chat'> = WireOf<O> & StreamReading<S>;
