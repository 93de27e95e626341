/** The `generationConfig` → members of the canonical request, and what of it other APIs cannot say, by its path. */
import type { ChatRequest, ResponseFormat } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { effortOf } from '#sidecar/dialects/effort-of-budget';
import {
  invalid,
  optionalArray,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalString,
  requiredString,
} from '#sidecar/dialects/field';
import { toJsonSchema } from './json-schema.ts';
import { optionalFields } from './proto-names.ts';

const PATH = 'generationConfig';
/** Our own, against requests that cost without bound. */
const MAX_CHOICES = 128;
const JSON_TYPE = 'application/json';

const KNOWN = new Set([
  'temperature',
  'topP',
  'topK',
  'candidateCount',
  'maxOutputTokens',
  'stopSequences',
  'seed',
  'presencePenalty',
  'frequencyPenalty',
  'responseLogprobs',
  'logprobs',
  'responseMimeType',
  'responseSchema',
  'responseJsonSchema',
  'thinkingConfig',
  'responseModalities',
]);
/** How closely it looks at pictures: other APIs look as they do. */
const INERT = new Set(['mediaResolution']);

type Members = Partial<
  Pick<
    ChatRequest,
    | 'temperature'
    | 'topP'
    | 'topK'
    | 'choiceCount'
    | 'maxOutputTokens'
    | 'seed'
    | 'presencePenalty'
    | 'frequencyPenalty'
    | 'logprobs'
    | 'responseFormat'
    | 'reasoning'
  >
>;

export interface DecodedGeneration {
  readonly members: Members;
  readonly stop: readonly string[];
  readonly essential: JsonObject;
  readonly inert: JsonObject;
}

export function decodeGeneration(value: JsonValue | undefined): DecodedGeneration {
  const config = optionalFields(value, PATH) ?? {};
  const thinking = optionalFields(config.thinkingConfig, `${PATH}.thinkingConfig`) ?? {};
  const reasoning = decodeThinking(thinking);
  const format = decodeFormat(config);
  const rest = Object.entries(config).filter(([name]) => !KNOWN.has(name));
  const members: { [K in keyof Members]: Members[K] | undefined } = {
    ...decodeNumbers(config),
    logprobs: decodeLogprobs(config),
    responseFormat: format === 'other' ? undefined : format,
    reasoning,
  };
  return {
    // The filter leaves out exactly what the type excludes.
    members: Object.fromEntries(Object.entries(members).filter(([, member]) => member !== undefined)) as Members,
    stop: optionalArray(config.stopSequences, `${PATH}.stopSequences`).map((each, index) =>
      requiredString(each, `${PATH}.stopSequences[${index}]`),
    ),
    essential: named([
      ...rest.filter(([name]) => !INERT.has(name)),
      ...(format === 'other' ? ([['responseMimeType', config.responseMimeType]] as const) : []),
      ...(isTextOnly(config.responseModalities) ? [] : ([['responseModalities', config.responseModalities]] as const)),
    ]),
    inert: named([
      ...rest.filter(([name]) => INERT.has(name)),
      // Other APIs show their reasoning where it is asked for, or not at all.
      ...(thinking.includeThoughts === true && reasoning === undefined
        ? ([['thinkingConfig.includeThoughts', true]] as const)
        : []),
    ]),
  };
}

const named = (entries: readonly (readonly [string, JsonValue | undefined])[]): JsonObject =>
  Object.fromEntries(entries.map(([name, value]) => [`${PATH}.${name}`, value]));

const isTextOnly = (value: JsonValue | undefined): boolean =>
  value === undefined || (Array.isArray(value) && value.every((each) => each === 'TEXT'));

const decodeNumbers = (config: JsonObject) => ({
  temperature: optionalNumber(config.temperature, `${PATH}.temperature`),
  topP: optionalNumber(config.topP, `${PATH}.topP`),
  topK: optionalNumber(config.topK, `${PATH}.topK`),
  choiceCount: decodeChoiceCount(config.candidateCount),
  maxOutputTokens: optionalInteger(config.maxOutputTokens, `${PATH}.maxOutputTokens`, 1),
  seed: optionalNumber(config.seed, `${PATH}.seed`),
  presencePenalty: optionalNumber(config.presencePenalty, `${PATH}.presencePenalty`),
  frequencyPenalty: optionalNumber(config.frequencyPenalty, `${PATH}.frequencyPenalty`),
});

function decodeChoiceCount(value: JsonValue | undefined): number | undefined {
  const count = optionalInteger(value, `${PATH}.candidateCount`, 1);
  if (count !== undefined && count > MAX_CHOICES) throw invalid(`${PATH}.candidateCount`, `at most ${MAX_CHOICES}`);
  return count;
}

function decodeLogprobs(config: JsonObject): ChatRequest['logprobs'] {
  const top = optionalInteger(config.logprobs, `${PATH}.logprobs`, 0);
  if (optionalBoolean(config.responseLogprobs, `${PATH}.responseLogprobs`) !== true) return undefined;
  return top === undefined ? {} : { top };
}

/** `other`: a type that only this API has, such as one of an enumeration. */
function decodeFormat(config: JsonObject): ResponseFormat | 'other' | undefined {
  const type = optionalString(config.responseMimeType, `${PATH}.responseMimeType`) ?? '';
  if (type === '' || type === 'text/plain') return undefined;
  if (type !== JSON_TYPE) return 'other';
  const schema =
    optionalObject(config.responseJsonSchema, `${PATH}.responseJsonSchema`) ??
    (config.responseSchema === undefined ? undefined : toJsonSchema(config.responseSchema, `${PATH}.responseSchema`));
  return schema === undefined
    ? { type: 'json-object' }
    : { type: 'json-schema', name: 'response', schema, strict: 'preferred' };
}

/** A budget of -1 lets the model decide, as saying nothing does. */
function decodeThinking(config: JsonObject): ChatRequest['reasoning'] {
  const path = `${PATH}.thinkingConfig`;
  const budget = optionalInteger(config.thinkingBudget, `${path}.thinkingBudget`, -1);
  const level = optionalString(config.thinkingLevel, `${path}.thinkingLevel`);
  if (budget === 0) return { effort: 'none' };
  if (budget !== undefined && budget > 0) return { budgetTokens: budget, effort: effortOf(budget) };
  return level === undefined || level === 'THINKING_LEVEL_UNSPECIFIED' ? undefined : { effort: level.toLowerCase() };
}
