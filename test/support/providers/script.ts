/** What a fake provider answers, independent of the API it speaks, and the faults it can show. */

export interface ScriptedToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

export type Fault =
  /** An HTTP error in the API's own shape. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly type?: string;
      readonly code?: string;
      readonly message?: string;
      /** What the API says beside its message, such as Google's `RetryInfo`. */
      readonly details?: readonly object[];
      /** Such as `retry-after`. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'reset-before-head' }
  | { readonly kind: 'reset-after-head' }
  /** Takes the request and never answers; ends with `close()`. */
  | { readonly kind: 'hang' }
  /** The connection is lost after this many stream events, or in the middle of a plain answer. */
  | { readonly kind: 'cut'; readonly afterEvents: number }
  | { readonly kind: 'html' }
  | { readonly kind: 'half-json' }
  /** An error event of the API inside a stream that began with 200. */
  | {
      readonly kind: 'error-in-stream';
      readonly afterEvents: number;
      readonly type?: string;
      readonly message?: string;
    };

export interface Script {
  /** Default: `Hello from <dialect>.` */
  readonly text?: string;
  readonly reasoning?: string;
  readonly toolCalls?: readonly ScriptedToolCall[];
  /** Billed tokens; default: one per four bytes of the request, one per word of the answer. */
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
  /** The word that ends the answer, in the API's own terms; default: its word for an ordinary end. */
  readonly finishReason?: string;
  /** How often the provider searches the web by itself, as far as the request lets it. Default: never. */
  readonly searches?: number;
  /** The tier of service that the answer tells; default: the API's standard one. */
  readonly serviceTier?: string;
  readonly fault?: Fault;
  /** Beside those of the API, such as what is left of a quota. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The head waits for it. */
  readonly holdHead?: Promise<unknown>;
  /** The stream waits for it after this many events; 0 is a slow first token. */
  readonly hold?: { readonly afterEvents: number; readonly until: Promise<unknown> };
}

/** A script with everything decided for one request. */
export interface Answer {
  readonly id: string;
  readonly model: string;
  readonly created: number;
  readonly words: readonly string[];
  readonly reasoning: string;
  readonly toolCalls: readonly ScriptedToolCall[];
  readonly finishReason: string | undefined;
  readonly serviceTier: string | undefined;
  /** Of the web, each for something else. */
  readonly searches: number;
  /** The maximum of output tokens ended it. */
  readonly isCutShort: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly includeUsage: boolean;
}

/** What a path says where the API puts more into it than a place. */
export interface PathMeaning {
  readonly model: string;
  readonly stream: boolean;
}

export interface OperationRequest {
  readonly path: string;
  /** Parsed; undefined when it was not JSON. */
  readonly body: { readonly [key: string]: unknown } | undefined;
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** One per four bytes. */
  readonly inputTokens: number;
}

export interface OperationAnswer {
  /** Default: 200. */
  readonly status?: number;
  /** Beside those of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: `application/json`. */
  readonly type?: string;
  /** JSON, or the pieces of a body as they are sent. */
  readonly body: object | readonly Uint8Array[];
}

export type Operate = (request: OperationRequest) => OperationAnswer;

/** What an account answers about the things that it keeps, or why it does not. */
export type KeptAnswer =
  | OperationAnswer
  | { readonly status: number; readonly message: string; readonly code?: string };

/** What one account keeps. Its ids are its own. */
export interface FakeAccount {
  /** undefined: the API has no such path. */
  answer(
    request: OperationRequest & { readonly method: string; readonly path: string },
  ): (() => KeptAnswer | Promise<KeptAnswer>) | undefined;
  /** Why the account cannot do what a request asks that names something kept. */
  refuse?(body: { readonly [key: string]: unknown }): KeptAnswer | undefined;
  /** An answer under this id was given to a request of the API itself. */
  answered?(id: string, body: { readonly [key: string]: unknown }): void;
}

/** An API as a fake server speaks it. */
export interface FakeWire {
  /** The only one, unless `readPath` knows more. */
  readonly path: string;
  /** Where the path names the model and whether the answer is a stream; undefined for a path that the API has not. */
  readPath?(path: string): PathMeaning | undefined;
  /** The bound of output tokens, where the body does not say it in OpenAI's or Anthropic's words. */
  maximumOf?(body: { readonly [key: string]: unknown }): number | undefined;
  /** Default: server-sent events. */
  readonly streamType?: string;
  /** What is answered on other paths, whole: the API's operations beside chat. */
  readonly operations?: Readonly<Record<string, Operate>>;
  /** The same where the path names the model. */
  operationAt?(path: string): Operate | undefined;
  /** An empty account. `name` is a part of its ids. */
  account?(name: string): FakeAccount;
  /** Path of the base URL that an AIProvider would name. */
  readonly basePath: string;
  headers(requestId: string): Record<string, string>;
  /** The credential that a request carries. */
  credential(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined;
  /** What the API's schema refuses of a request (422), where it refuses more than other APIs do. */
  refuse?(body: { readonly [key: string]: unknown }): string | undefined;
  body(answer: Answer): object;
  /** The whole stream, one complete block or frame per entry. */
  events(answer: Answer): readonly (string | Uint8Array)[];
  error(
    status: number,
    fields: { type?: string; code?: string; message?: string; details?: readonly object[] },
    requestId: string,
  ): object;
  /** Headers of an error answer beside those of every answer. */
  errorHeaders?(status: number, fields: { type?: string }): Record<string, string>;
  /** The block or frame of an error inside a stream. */
  errorEvent(type: string | undefined, message: string | undefined): string | Uint8Array;
}
