/** Tools of a Messages request: functions of the client, and tools that the provider runs or knows itself. */

import type { Tool } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { foldEach } from '#sidecar/canonical/walk';
import {
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalString,
  requiredObject,
  requiredString,
  restOf,
} from '#sidecar/dialects/field';
import { API_ID } from './api-id.ts';
import { decodeCacheControl } from './decode-content.ts';

export interface DecodedTools {
  readonly functions: readonly Tool[];
  /** Verbatim; only this API knows them. */
  readonly others: readonly JsonObject[];
}

const READ = new Set(['type', 'name', 'description', 'input_schema', 'strict', 'cache_control']);
/** How the call is streamed does not change it. */
const INERT = new Set(['eager_input_streaming']);

export function decodeTools(value: JsonValue | undefined): DecodedTools {
  const start = (): { functions: Tool[]; others: JsonObject[] } => ({ functions: [], others: [] });
  return foldEach(optionalArray(value, 'tools'), start, ({ functions, others }, entry, index) => {
    const path = `tools[${index}]`;
    const tool = requiredObject(entry, path);
    if ((optionalString(tool.type, `${path}.type`) ?? 'custom') === 'custom')
      functions.push(decodeFunction(tool, path));
    else others.push(tool);
  });
}

function decodeFunction(tool: JsonObject, path: string): Tool {
  const description = optionalString(tool.description, `${path}.description`);
  const parameters = optionalObject(tool.input_schema, `${path}.input_schema`);
  const strict = optionalBoolean(tool.strict, `${path}.strict`);
  const rest = Object.entries(restOf(tool, READ) ?? {});
  return {
    name: requiredString(tool.name, `${path}.name`),
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parameters }),
    ...(strict !== undefined && { strict }),
    ...decodeCacheControl(tool.cache_control, path),
    ...(rest.length > 0 && {
      extensions: {
        [API_ID]: {
          essential: Object.fromEntries(rest.filter(([key]) => !INERT.has(key))),
          inert: Object.fromEntries(rest.filter(([key]) => INERT.has(key))),
          restated: {},
        },
      },
    }),
  };
}
