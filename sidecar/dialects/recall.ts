/** How clients of an API name earlier answers in place of repeating them. An account looks up what it keeps; what no account keeps a sidecar may remember. */
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';

export interface Recall {
  /** What of earlier answers a body names; undefined: nothing. */
  namedIn(body: JsonObject): NamedAnswers | undefined;
  /** A sidecar gave the id, and no account knows it. */
  isMadeHere(id: string): boolean;
  /** What is recalled in the place of its names. */
  resolve(body: JsonObject, recalled: Recalled): Resolved;
  /** The client may go on from the answer to this body. */
  isWanted(body: JsonObject): boolean;
  /** What of a whole answer has to be remembered. */
  partsOf(answer: JsonObject): AnswerParts;
}

export interface NamedAnswers {
  /** The id of the answer that the request goes on from. */
  readonly previous?: string;
  readonly items: readonly NamedItem[];
}

export interface NamedItem {
  readonly id: string;
  readonly path: string;
  /** The request makes sense without it. */
  readonly mayBeLost: boolean;
}

export interface Recalled {
  /** What was asked and answered before, the first turn first; empty where nothing of that is remembered. */
  readonly turns: readonly Turn[];
  item(id: string): JsonObject | undefined;
}

export interface Turn {
  /** As the client said it; undefined: nothing. */
  readonly input: JsonValue | undefined;
  /** As `AnswerParts` has it. */
  readonly answer: JsonObject;
}

export interface Resolved {
  readonly body: JsonObject;
  /** Where the client said what stands at a path of the body. */
  clientPath(path: string): string;
}

interface AnswerParts {
  readonly id: string;
  /** Those that can be named. */
  readonly items: readonly { readonly id: string; readonly item: JsonObject }[];
  /** As a client that looks it up gets it. */
  readonly answer: JsonObject;
}
