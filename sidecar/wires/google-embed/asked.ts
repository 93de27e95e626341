/** What is asked of Google's methods of embedding, one content with its settings per vector, and how each method says so in its own place. */
import type { EmbeddingPurpose, EmbeddingsInput, EmbeddingsRequest } from '#sidecar/canonical/embeddings';
import type { JsonObject } from '#sidecar/canonical/json';
import { loseForeign } from '#sidecar/wires/foreign-extensions';
import type { Losses } from '#sidecar/wires/losses';
import { asObjects } from '#sidecar/wires/read-field';
import { ONE_EACH, textsOf } from '#sidecar/wires/texts-of';

/** Of the words that the dialects of these methods keep for their wires. */
const API_ID = 'google-embed';

const TASK_TYPE: Readonly<Record<EmbeddingPurpose, string>> = {
  query: 'RETRIEVAL_QUERY',
  document: 'RETRIEVAL_DOCUMENT',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
};
/** Takes no task: what a vector is for is said in the text (ai.google.dev/gemini-api/docs/embeddings). */
const WITHOUT_TASK = /gemini-embedding-2/;

export interface Asked {
  readonly content: JsonObject;
  readonly settings: JsonObject;
}

export interface AskedQuestion {
  /** The target's own name. */
  readonly model: string;
  readonly losses: Losses;
  /** Of those who say nothing on it: that a text which is too long is refused, where the API would cut it without a word. */
  readonly byDefault?: { readonly autoTruncate: false };
}

/** Throws `unsupported_parameter`. */
export function readAsked(request: EmbeddingsRequest, question: AskedQuestion): readonly Asked[] {
  loseForeign(request.extensions, API_ID, question.losses);
  if (request.user !== undefined) question.losses.note('user');
  const own = asObjects(request.extensions[API_ID]?.restated.settings);
  const ofAll = own.length > 0 ? {} : { ...settingsOf(request, question), ...question.byDefault };
  return contentsOf(request.input, question.losses).map((content, at) => ({ content, settings: own[at] ?? ofAll }));
}

function settingsOf({ purpose, dimensions }: EmbeddingsRequest, { model, losses }: AskedQuestion): JsonObject {
  const hasTask = purpose !== undefined && !WITHOUT_TASK.test(model);
  if (purpose !== undefined && !hasTask) losses.note('input_type');
  return {
    ...(hasTask && { taskType: TASK_TYPE[purpose] }),
    ...(dimensions !== undefined && { outputDimensionality: dimensions }),
  };
}

const contentsOf = (input: EmbeddingsInput, losses: Losses): readonly JsonObject[] =>
  input.kind === 'opaque' && input.api === API_ID
    ? input.contents
    : textsOf(input, losses).map((text) => ({ parts: [{ text }] }));

/** The one content of a method or model that makes one vector per call. */
export function onlyOne(asked: readonly Asked[], losses: Losses): Asked {
  const [only, another] = asked;
  return only === undefined || another !== undefined ? losses.refuse('input[1]', ONE_EACH) : only;
}

/** Of each content those settings that a method knows. Whether a text is cut that is too long has a default in each method. */
export function knownSettings(asked: readonly Asked[], known: readonly string[], losses: Losses): JsonObject[] {
  const stated = new Set(asked.flatMap(({ settings }) => Object.keys(settings)));
  for (const name of stated) {
    if (known.includes(name)) continue;
    if (name === 'autoTruncate') losses.note(name);
    else losses.drop(name);
  }
  return asked.map(({ settings }) =>
    Object.fromEntries(Object.entries(settings).filter(([name]) => known.includes(name))),
  );
}
