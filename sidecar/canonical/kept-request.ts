/**
 * A request about what a provider's account keeps under an id: a file, a batch, a stored answer. It belongs to that account and to no model; what it
 * says and what is answered stay as they came.
 */
import type { JsonObject } from './json.ts';
import type { Usage } from './usage.ts';

export type KeptOperation =
  | 'file_upload'
  /** Requests that the provider works off later, at its own time. */
  | 'batch_creation'
  /** How far a batch is. */
  | 'batch'
  /** What is said about a thing that is kept, and its end. */
  | 'kept_object'
  /** What a thing that is kept holds, such as the lines of a file or the text of an answer. */
  | 'kept_content';

export interface KeptRequest<O extends KeptOperation = KeptOperation> {
  readonly operation: O;
  /** None is asked. */
  readonly model: '';
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Under the version of the API, percent-encoded, with its query. */
  readonly path: string;
  /** The members of the body, or the text fields of a form. */
  readonly body: JsonObject;
  readonly keeping: Keeping;
  /** The file of the form: its lines where they can be read here, as JSON. Absent: there is none. */
  readonly file?: { readonly lines: readonly JsonObject[] | undefined };
  /** What the provider is to work off later; absent where nothing is. */
  readonly later?: readonly LaterCall[];
  /** The answer is what somebody put there, and no object of the API. */
  readonly answersBytes?: boolean;
  /** What it is about no account keeps, since it was made here: what is to be done with it. */
  readonly ofSidecar?: OfSidecar;
  /** The provider must read what we have read, and not the client's bytes. */
  readonly mustRewrite?: boolean;
  readonly user?: string;
  readonly stream: false;
  readonly includeUsage: true;
}

export interface OfSidecar {
  readonly id: string;
  /** `refuse`: nothing that a sidecar can do. */
  readonly action: 'tell' | 'forget' | 'refuse';
  /** What is answered where nothing is told. */
  readonly answer?: JsonObject;
}

/** One call of a batch. */
export interface LaterCall {
  /** As the provider names it. */
  readonly model: string;
  /** Where it stands, for messages. */
  readonly place: string;
}

/** What a request has to do with what accounts keep. */
export interface Keeping {
  /** Of the wire that knows such ids: only accounts whose provider speaks it can keep them. */
  readonly by: string;
  /** Ids of what must be there already. */
  readonly names: readonly string[];
}

/** Its answer goes through as it came. */
export interface KeptResponse {
  /** Empty: none answered. */
  readonly model: string;
  readonly usage: Usage;
  /** Ids of what the account keeps. */
  readonly keptIds: readonly string[];
  /** `usage` is told again with each answer that has this mark, and counts once. */
  readonly countedOnceAs?: string;
  /** As the provider wrote it. */
  readonly body: JsonObject;
}
