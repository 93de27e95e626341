/** The small interface behind which all upstream HTTP sits: undici for real providers, an in-process one for Mock. */
import type { UpstreamFaultKind } from '#sidecar/errors/attempt-failure';

export interface UpstreamRequest {
  /** Absolute URL; built from the policy alone, never from the client's request. */
  readonly url: string;
  /** Default: POST. Others have no body. */
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly timeouts: UpstreamTimeouts;
  /** Aborts the exchange: the client left, or a deadline passed. */
  readonly signal: CancelSignal;
}

/** The part of an AbortSignal that is needed here; the whole of one costs more than the rest of a small request's bookkeeping. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Milliseconds. */
interface UpstreamTimeouts {
  readonly connectMs: number;
  /** From the request's last byte to the answer's head. */
  readonly headersMs: number;
  /** Longest gap between two chunks of the answer's body. */
  readonly idleMs: number;
}

export interface UpstreamResponse {
  readonly status: number;
  /** Lower-case names; repeated fields joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: UpstreamBody;
}

/** Chunks with back-pressure. Ending the iteration early aborts the exchange. Throws UpstreamFault. */
export interface UpstreamBody extends AsyncIterable<Uint8Array> {
  /** Takes the whole body where all of it has come already, as a small one has with its head; else undefined, and nothing is taken. */
  takeArrived?(): readonly Uint8Array[] | undefined;
}

/** The exchange failed below HTTP. */
export class UpstreamFault extends Error {
  readonly kind: UpstreamFaultKind;
  /** False when no byte of the request can have reached the provider, so that sending again cannot bill twice. */
  readonly requestSent: boolean;

  constructor(kind: UpstreamFaultKind, requestSent: boolean, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'UpstreamFault';
    this.kind = kind;
    this.requestSent = requestSent;
  }
}

export interface Upstream {
  /** Resolves with the answer's head. Rejects with UpstreamFault. */
  send(request: UpstreamRequest): Promise<UpstreamResponse>;
  close(): Promise<void>;
}
