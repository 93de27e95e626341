/** Chat answer → canonical answer. Citations and the raw usage stay in extensions, verbatim. */

import type { ChatResponse, Choice } from '#sidecar/canonical/chat-response';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import { flatMapEach, mapEach } from '#sidecar/canonical/walk';
import { RemoraError } from '#sidecar/errors/remora-error';
import { AnswerFailed } from '#sidecar/wires/answer-failed';
import { asObject, asObjects, asString, asText, without } from '#sidecar/wires/read-field';
import { readFailedEnd } from './map-error.ts';
import { mapFinishReason } from './map-finish-reason.ts';
import { readUsage } from './read-usage.ts';
import { seal, WIRE_ID } from './seal.ts';

const READ = new Set(['id', 'message', 'finish_reason']);
const READ_OF_MESSAGE = new Set(['role', 'content', 'tool_calls', 'tool_plan']);

/** Throws AnswerFailed when the answer ended in an error, `bad_upstream_response` when it is none of this API. */
export function decodeResponse(body: JsonObject): ChatResponse {
  const failure = readFailedEnd(body);
  if (failure !== undefined) throw new AnswerFailed(failure);
  const message = asObject(body.message);
  if (message === undefined)
    throw new RemoraError({
      code: 'bad_upstream_response',
      message: 'The provider answered JSON that is no chat answer. Check the endpoint and type of the AIProvider.',
    });
  const usage = readUsage(body);
  return {
    id: asString(body.id) ?? '',
    // The API does not say which model answered.
    model: '',
    choices: [decodeChoice(message, asText(body.finish_reason))],
    ...(usage !== undefined && { usage }),
    extensions: { [WIRE_ID]: without(body, READ) },
  };
}

function decodeChoice(message: JsonObject, raw: string | undefined): Choice {
  const rest = without(message, READ_OF_MESSAGE);
  return {
    index: 0,
    parts: decodeParts(message),
    finishReason: raw === undefined ? 'other' : mapFinishReason(raw),
    ...(raw !== undefined && { rawFinishReason: raw }),
    ...(Object.keys(rest).length > 0 && { extensions: { [WIRE_ID]: rest } }),
  };
}

function decodeParts(message: JsonObject): readonly Part[] {
  const plan = asText(message.tool_plan);
  return [
    ...(plan === undefined ? [] : [{ type: 'reasoning', text: plan, signature: seal('tool_plan') } as const]),
    ...flatMapEach(asObjects(message.content), decodeContent),
    ...mapEach(asObjects(message.tool_calls), decodeCall),
  ];
}

function decodeContent(part: JsonObject): readonly Part[] {
  if (part.type === 'thinking')
    return [{ type: 'reasoning', text: asString(part.thinking) ?? '', signature: seal('thinking') }];
  if (part.type !== 'text') return [{ type: 'opaque', api: WIRE_ID, value: part }];
  return [{ type: 'text', text: asString(part.text) ?? '' }];
}

const decodeCall = (call: JsonObject): Part => {
  const called = asObject(call.function) ?? {};
  return {
    type: 'tool-call',
    id: asString(call.id) ?? '',
    name: asString(called.name) ?? '',
    arguments: wholeArguments(asString(called.arguments) ?? ''),
  };
};

/** A tool without parameters is called with nothing or with `null`; clients expect an object. */
export const wholeArguments = (text: string): string => (text === '' || text === 'null' ? '{}' : text);
