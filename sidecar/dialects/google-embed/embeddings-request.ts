/** Contents with their settings, as each of Google's methods of embedding has them → canonical request. */
import type { EmbeddingPurpose, EmbeddingsInput, EmbeddingsRequest } from '#sidecar/canonical/embeddings';
import type { ApiExtension } from '#sidecar/canonical/extensions';
import type { JsonObject } from '#sidecar/canonical/json';
import { invalid, optionalBoolean, optionalInteger, optionalString, requiredString } from '#sidecar/dialects/field';
import { fieldsOf, listOf } from '#sidecar/dialects/gemini-generate-content/proto-names';
import { API_ID } from './api-id.ts';

/** What becomes one vector. */
export interface Item {
  readonly content: JsonObject;
  /** Where it stands in the request. */
  readonly path: string;
  /** Of this vector, in first names: `taskType`, `title`, `outputDimensionality` and so on. */
  readonly settings: JsonObject;
}

const PURPOSES: Readonly<Record<string, EmbeddingPurpose>> = {
  RETRIEVAL_QUERY: 'query',
  RETRIEVAL_DOCUMENT: 'document',
  CLASSIFICATION: 'classification',
  CLUSTERING: 'clustering',
};
/** The same as saying nothing. */
const NO_TASK = new Set(['', 'UNSPECIFIED', 'TASK_TYPE_UNSPECIFIED', 'DEFAULT']);

/** Throws `invalid_request`. */
export function embeddingsRequest(model: string | undefined, items: readonly Item[]): EmbeddingsRequest {
  const [first] = items;
  if (first === undefined) throw invalid('requests', 'a list of at least one content to embed');
  const settings = items.map(checked);
  const purpose = PURPOSES[optionalString(first.settings.taskType, 'taskType') ?? ''];
  const dimensions = optionalInteger(first.settings.outputDimensionality, 'outputDimensionality', 1);
  return {
    operation: 'embeddings',
    model: requiredString(model, 'model'),
    input: decodeInput(items),
    encoding: 'float',
    stream: false,
    includeUsage: false,
    extensions: { [API_ID]: decodeExtension(settings, purpose) },
    ...(dimensions !== undefined && { dimensions }),
    ...(purpose !== undefined && { purpose }),
  };
}

function checked({ settings, path }: Item): JsonObject {
  for (const name of ['taskType', 'title']) optionalString(settings[name], `${path}${name}`);
  optionalInteger(settings.outputDimensionality, `${path}outputDimensionality`, 1);
  optionalBoolean(settings.autoTruncate, `${path}autoTruncate`);
  return settings;
}

/** One vector of several parts is more than what others make of one text. */
function decodeInput(items: readonly Item[]): EmbeddingsInput {
  const texts = items.map(textOf);
  return texts.every((text) => text !== undefined)
    ? { kind: 'texts', texts }
    : { kind: 'opaque', api: API_ID, contents: items.map(({ content }) => content) };
}

function textOf({ content, path }: Item): string | undefined {
  const parts = listOf(fieldsOf(content, `${path}content`).parts);
  if (parts.length === 0) throw invalid(`${path}content.parts`, 'a list of at least one part');
  const [only, ...others] = parts.map((part) => fieldsOf(part, `${path}content.parts`));
  if (others.length > 0 || only === undefined || Object.keys(only).length > 1) return undefined;
  return optionalString(only.text, `${path}content.parts.text`);
}

function decodeExtension(settings: readonly JsonObject[], purpose: EmbeddingPurpose | undefined): ApiExtension {
  const { taskType, outputDimensionality: _, autoTruncate, title: __, ...others } = settings[0] ?? {};
  const title = settings.map((each) => each.title).find((each) => each !== undefined);
  const isOtherTask = typeof taskType === 'string' && purpose === undefined && !NO_TASK.has(taskType);
  return {
    indispensable: differing(settings),
    essential: {
      ...(isOtherTask && { taskType }),
      ...(title !== undefined && { title }),
      ...Object.fromEntries(Object.entries(others).filter(([, value]) => value !== false)),
    },
    inert: autoTruncate === undefined ? {} : { autoTruncate },
    restated: { settings: [...settings] },
  };
}

/** Vectors of different kinds in one request, which others make in one each. */
function differing([first = {}, ...rest]: readonly JsonObject[]): JsonObject {
  const names = (each: JsonObject) => [...new Set([...Object.keys(first), ...Object.keys(each)])];
  return Object.fromEntries(
    rest.flatMap((each, index) =>
      names(each)
        .filter((name) => name !== 'title' && each[name] !== first[name])
        .map((name) => [`requests.${index + 1}.${name}`, each[name]]),
    ),
  );
}
