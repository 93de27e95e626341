/** generateContent request → canonical request. What this API alone knows stays in `extensions`, verbatim. */

import type { ChatRequest, Message } from '#sidecar/canonical/chat-request';
import type { ApiExtension } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { mapEach, once } from '#sidecar/canonical/walk';
import { invalid, requiredString } from '#sidecar/dialects/field';
import type { PathValues } from '#sidecar/dialects/path-pattern';
import { API_ID } from './api-id.ts';
import { decodeContents, decodeSystem } from './decode-contents.ts';
import { decodeGeneration } from './decode-generation.ts';
import { decodeToolConfig, decodeTools } from './decode-tools.ts';
import { fieldsOf, listOf } from './proto-names.ts';

/** Both names of each, since two readers could understand two spellings differently. */
export const READ_KEYS: readonly string[] = [
  'contents',
  'systemInstruction',
  'system_instruction',
  'tools',
  'toolConfig',
  'tool_config',
  'generationConfig',
  'generation_config',
  'safetySettings',
  'safety_settings',
  'cachedContent',
  'cached_content',
];

const KNOWN = new Set(['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'safetySettings']);
/** What is about the call and not about the answer. The model stands in the path. */
const INERT = new Set(['labels', 'serviceTier', 'store', 'model']);
/** What the canonical request says in its own words, and this API wants back in its. */
const RESTATED = ['tools', 'toolConfig', 'generationConfig'];
const FILTERS_OFF = new Set(['OFF', 'BLOCK_NONE']);
export const STREAM_ACTION = 'streamGenerateContent';

/** Throws `invalid_request`. */
export function decodeRequest(body: JsonObject, { model, action }: PathValues): ChatRequest {
  const fields = fieldsOf(body, 'body');
  const contents = decodeContents(fields.contents);
  if (contents.length === 0) throw invalid('contents', 'a list of at least one content with parts');
  const { tools, others } = decodeTools(fields.tools);
  const { toolChoice, ...choice } = decodeToolConfig(fields.toolConfig);
  const generation = decodeGeneration(fields.generationConfig);
  const extension: ApiExtension = {
    essential: {
      ...pick(fields, (name) => !KNOWN.has(name) && !INERT.has(name)),
      ...safety(fields.safetySettings, true),
      ...Object.fromEntries(others.map((name) => [`tools.${name}`, true])),
      ...choice.essential,
      ...generation.essential,
    },
    inert: {
      ...pick(fields, (name) => INERT.has(name) && name !== 'model'),
      ...safety(fields.safetySettings, false),
      ...choice.inert,
      ...generation.inert,
    },
    restated: pick(fields, (name) => RESTATED.includes(name)),
  };
  return {
    operation: 'chat',
    model: requiredString(model, 'model'),
    messages: withSystem(decodeSystem(fields.systemInstruction), contents),
    tools,
    ...(toolChoice !== undefined && { toolChoice }),
    ...generation.members,
    stop: generation.stop,
    stream: action === STREAM_ACTION,
    // Every answer of this API tells its usage.
    includeUsage: true,
    extensions: isEmpty(extension) ? {} : { [API_ID]: extension },
  };
}

const withSystem = (system: readonly Message[], contents: readonly Message[]): readonly Message[] =>
  once(() => [...system, ...contents]);

const pick = (fields: JsonObject, isWanted: (name: string) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => isWanted(name)));

const isEmpty = (extension: ApiExtension): boolean =>
  Object.values(extension).every((members: JsonObject) => Object.keys(members).length === 0);

/** Filters that are asked for change the answer. That none is asked for changes nothing where there is none. */
function safety(value: JsonValue | undefined, areAskedFor: boolean): JsonObject {
  if (value === undefined) return {};
  const thresholds = mapEach(listOf(value), (entry, index) => fieldsOf(entry, `safetySettings[${index}]`).threshold);
  const isOff = thresholds.every((threshold) => typeof threshold === 'string' && FILTERS_OFF.has(threshold));
  return isOff === areAskedFor ? {} : { safetySettings: value };
}
