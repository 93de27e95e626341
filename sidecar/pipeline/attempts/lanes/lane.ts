/** The ways of one attempt between client and provider. Which one is a property of its plan; the stages do not know. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { CanonicalRequest, CanonicalResponse } from '#sidecar/canonical/request';
import { isContentEvent, type StreamEvent } from '#sidecar/canonical/stream-event';
import type { AnyDialect, EncodeContext } from '#sidecar/dialects/dialect';
import type { Content } from '#sidecar/pipeline/content';
import type { OnUnsupported } from '#sidecar/wires/losses';
import type { AnyWire } from '#sidecar/wires/wire';

export type LaneName = 'passthrough' | 'translate';

interface LaneRequest {
  /** As the client sent it. */
  readonly content: Content;
  /** The canonical request as the target may see it. */
  readonly request: CanonicalRequest;
  readonly wire: AnyWire;
  /** The model to ask the provider for. */
  readonly model: string;
  /** Enforced where the client stated no maximum. */
  readonly maxOutputTokens: number | undefined;
  /** What has to change in the body as it is sent so that the provider's own tools keep to a maximum. Absent: nothing. */
  readonly boundTools: ((body: JsonObject) => JsonObject) | undefined;
  /** What the route says of parameters that the provider cannot express. */
  readonly onUnsupported: OnUnsupported;
  /** A canonical path in the words of the client's API. */
  clientPath(path: string): string;
}

export interface OutgoingRequest {
  readonly bytes: Uint8Array;
  /** What the provider cannot express and was left out. */
  readonly dropped: readonly string[];
}

/** One whole answer. `raw` is what came from the provider. */
export interface WholeItem {
  readonly response: CanonicalResponse;
  readonly raw: Uint8Array;
}

/** A piece of a streamed answer with what it means: a frame of events, or bytes that nobody here reads. `raw` is its bytes as they came. */
export interface StreamItem {
  readonly events: readonly StreamEvent[];
  readonly raw: Uint8Array;
  /** Told to the client beside the events, as a comment that readers of events skip. */
  readonly comment?: string;
}

export const hasContentEvent = ({ events }: StreamItem): boolean => events.some(isContentEvent);

/** What the client gets of one stream item; empty when nothing. */
export type StreamWriter = (item: StreamItem) => Uint8Array | string;

type Context = EncodeContext<CanonicalRequest>;

export interface Lane {
  readonly name: LaneName;
  /** The client reads the provider's own bytes, of which nothing is lost. */
  readonly keepsAnswer: boolean;
  /** A promise where writing it takes long. Throws `unsupported_parameter` when the provider cannot express the request. */
  outgoing(request: LaneRequest): OutgoingRequest | Promise<OutgoingRequest>;
  /** Bytes as they came, or what is to be written. */
  encodeWhole(item: WholeItem, dialect: AnyDialect, context: Context): Uint8Array | JsonObject;
  streamWriter(dialect: AnyDialect, context: Context): StreamWriter;
}
