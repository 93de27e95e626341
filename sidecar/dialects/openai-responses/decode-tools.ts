/** Tools and the choice among them. Tools that are no functions cannot be said to another API; they are kept for this one. */

import type { Tool, ToolChoice } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { foldEach } from '#sidecar/canonical/walk';
import {
  invalid,
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalString,
  requiredObject,
  requiredString,
} from '#sidecar/dialects/field';
import { present } from './present.ts';

export function decodeTools(value: JsonValue | undefined): { tools: Tool[]; otherTools: JsonObject[] } {
  const start = (): { tools: Tool[]; otherTools: JsonObject[] } => ({ tools: [], otherTools: [] });
  return foldEach(optionalArray(value, 'tools'), start, ({ tools, otherTools }, entry, index) => {
    const tool = requiredObject(entry, `tools[${index}]`);
    if (requiredString(tool.type, `tools[${index}].type`) === 'function')
      tools.push(decodeFunction(tool, `tools[${index}]`));
    else otherTools.push(tool);
  });
}

/** Here a tool that says nothing of strictness is made strict where its schema allows it; elsewhere that would refuse the schemas that do not. */
const decodeFunction = (tool: JsonObject, path: string): Tool => ({
  name: requiredString(tool.name, `${path}.name`),
  ...present({
    description: optionalString(tool.description, `${path}.description`),
    parameters: optionalObject(tool.parameters, `${path}.parameters`),
    strict: optionalBoolean(tool.strict, `${path}.strict`),
  }),
});

/** `extension`: a choice of a tool that only this API knows, or of several. */
export function decodeToolChoice(value: JsonValue | undefined): ToolChoice | 'extension' | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === 'auto' || value === 'none' || value === 'required') return { mode: value };
  if (typeof value === 'string') throw invalid('tool_choice', "'auto', 'none', 'required' or an object");
  const choice = requiredObject(value, 'tool_choice');
  if (requiredString(choice.type, 'tool_choice.type') !== 'function') return 'extension';
  return { mode: 'tool', name: requiredString(choice.name, 'tool_choice.name') };
}
