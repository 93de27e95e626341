/** What the listener hands to the pipeline: one client request whose head was checked, and the way back. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Endpoint } from '#sidecar/dialects/index';
import type { RequestScope } from './scope/request-scope.ts';

/** The body of one request. */
export interface BodySource {
  /** All bytes, within the limits of one request and of the process. Throws `body_too_large`, `overloaded`, `request_timeout`, ClientGone. */
  read(): Promise<Uint8Array>;
  /** Counts bytes that are held beside those of the body towards the same limits. Throws `body_too_large`, `overloaded`. */
  retain(bytes: number): void;
  /** Counts memory that the body takes beside its bytes, in all so far, towards the bound of the process. Throws `overloaded`. */
  weigh(bytes: number): void;
  /** Gives the bytes' share of the process bound back. */
  release(): void;
}

/** The answer on its way to the client. */
export interface Reply {
  /** The head has left: the status can no longer change. */
  readonly started: boolean;
  /** Head and body at once. */
  whole(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array | string): void;
  /** Head of a stream. */
  start(status: number, headers: Readonly<Record<string, string>>): void;
  /** False when the client reads slower than we write: await `drained` before the next write. */
  write(chunk: Uint8Array | string): boolean;
  /** Resolves when the client has read what was written; throws ClientGone when it left or read nothing for the stall limit. */
  drained(): Promise<void>;
  end(): void;
  /** Ends an answer that cannot be completed, so that the client sees it is not whole. */
  cut(): void;
}

export interface Call {
  readonly requestId: string;
  readonly endpoint: Endpoint;
  /** Names in lower case, as Node joins them. */
  readonly headers: IncomingHttpHeaders;
  /** SHA-256 of the token of an AIKey that it came with, empty where that can be none. Absent: it came without. */
  readonly keyDigest?: string;
  readonly body: BodySource;
  readonly reply: Reply;
  readonly scope: RequestScope;
  /** How long nobody minds to wait, in place of the timeouts of route and targets. Absent: those hold. */
  readonly patienceMs?: number;
}
