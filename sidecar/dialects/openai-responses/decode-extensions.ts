/**
 * What of a request the canonical one cannot say, and what of that may be lost on another API. A key with a dot names one part of a member that
 * is otherwise said, such as `text.verbosity`; the member itself is kept whole among the restated ones.
 */
import type { Extensions } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { optionalArray, optionalObject, restOf } from '#sidecar/dialects/field';
import { DIALECT_ID } from './api-id.ts';

/** Said in canonical words; this API, and the answer that repeats them, want them back in its own. */
const RESTATED = [
  ...['instructions', 'tools', 'tool_choice', 'text', 'reasoning', 'include', 'safety_identifier'],
  // Done here where no service does it.
  'store',
];

const SAID = new Set([
  ...RESTATED,
  'model',
  'input',
  'parallel_tool_calls',
  'max_output_tokens',
  'temperature',
  'top_p',
  'top_logprobs',
  'user',
  'stream',
]);

/** Turns and texts that the service keeps: the request asks for their continuation. */
const INDISPENSABLE = new Set(['previous_response_id', 'conversation', 'prompt']);

/** About the call and not about the answer, or (`max_tool_calls`) about tools that are lost themselves. */
const INERT = new Set([
  'metadata',
  'client_metadata',
  'service_tier',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'stream_options',
  'max_tool_calls',
]);

/** What is the case without being said. */
const DEFAULTS: Readonly<Record<string, JsonValue>> = {
  background: false,
  truncation: 'disabled',
  'text.verbosity': 'medium',
};

/** Said by the canonical request, or by every answer that has it. */
const SAID_PARTS = new Set(['text.format', 'reasoning.effort', 'reasoning.summary', 'reasoning.generate_summary']);
const SAID_INCLUDES: readonly JsonValue[] = ['reasoning.encrypted_content', 'message.output_text.logprobs'];

/** `unsaid`: what the canonical request cannot say of members that it reads. */
export function decodeExtensions(body: JsonObject, unsaid: JsonObject): Extensions {
  const rest = Object.entries(restOf(body, SAID) ?? {});
  const isDefault = ([key, value]: readonly [string, JsonValue | undefined]) => DEFAULTS[key] === value;
  const news = rest.filter((entry) => !isDefault(entry));
  const essential = [
    ...news.filter(([key]) => !INERT.has(key) && !INDISPENSABLE.has(key)),
    ...unsaidParts(body, 'text'),
    ...unsaidParts(body, 'reasoning'),
    ...Object.entries(unsaid),
  ];
  const inert = [...news.filter(([key]) => INERT.has(key)), ...unsaidIncludes(body)];
  const indispensable = news.filter(([key]) => INDISPENSABLE.has(key));
  const restated = [...rest.filter(isDefault), ...RESTATED.flatMap((key) => entryOf(body, key))];
  return {
    [DIALECT_ID]: {
      ...(indispensable.length > 0 && { indispensable: Object.fromEntries(indispensable) }),
      essential: Object.fromEntries(essential),
      inert: Object.fromEntries(inert),
      restated: Object.fromEntries(restated),
    },
  };
}

type Entry = readonly [string, JsonValue | undefined];

/** An empty text says nothing. */
const entryOf = (body: JsonObject, key: string): readonly Entry[] =>
  body[key] == null || body[key] === '' ? [] : [[key, body[key]]];

const unsaidParts = (body: JsonObject, key: 'text' | 'reasoning'): readonly Entry[] =>
  Object.entries(optionalObject(body[key], key) ?? {}).flatMap(([part, value]) => {
    const path = `${key}.${part}`;
    return value == null || SAID_PARTS.has(path) || DEFAULTS[path] === value ? [] : [[path, value] as const];
  });

/** The others are about tools that the provider runs itself. */
function unsaidIncludes(body: JsonObject): readonly Entry[] {
  const unsaid = optionalArray(body.include, 'include').filter((value) => !SAID_INCLUDES.includes(value));
  return unsaid.length > 0 ? [['include', unsaid]] : [];
}
