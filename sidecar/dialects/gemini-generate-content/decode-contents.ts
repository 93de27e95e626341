/**
 * Contents → canonical messages. Neighbours of one role are one turn, since clients keep a streamed answer as one content per chunk.
 * Function calls may have no id; their results are then matched by name, in order.
 */

import type { Message } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { ImagePart, Part } from '#sidecar/canonical/part';
import { filterEach, flatMapEach, foldEach, mapEach, visitEach } from '#sidecar/canonical/walk';
import type { Place } from '#sidecar/dialects/client-paths';
import { invalid, optionalObject, optionalString, requiredString } from '#sidecar/dialects/field';
import { stringifyNested } from '#sidecar/json/nested';
import { API_ID } from './api-id.ts';
import { decodePlainPart } from './decode-part.ts';
import { Pending } from './pending-calls.ts';
import { fieldsOf, listOf } from './proto-names.ts';
import { isOpenReasoning, signatureOf } from './seal.ts';

interface Walk {
  /** `paths`: where each part stands in the body. */
  readonly messages: { role: 'user' | 'assistant' | 'tool'; parts: Part[]; paths: string[] }[];
  /** Calls without a result so far. */
  readonly pending: Pending;
  calls: number;
}

interface Said {
  readonly role: 'user' | 'assistant';
  readonly parts: readonly Part[];
  readonly path: string;
}

export const decodeContents = (value: JsonValue | undefined): readonly Message[] =>
  mapEach(walkContents(value), ({ role, parts }) => ({ role, parts }));

/** Where the parts of each message that `decodeContents` makes stand in the body. */
export const placesOf = (value: JsonValue | undefined): readonly Place[] =>
  mapEach(walkContents(value), ({ paths }) => ({
    path: (paths[0] ?? '').replace(/\.parts\[\d+\]$/, ''),
    parts: paths,
  }));

function walkContents(value: JsonValue | undefined): Walk['messages'] {
  const start = (): Walk => ({ messages: [], pending: new Pending(), calls: 0 });
  const { messages } = foldEach(listOf(value), start, (walk, entry, index) =>
    decodeContent(entry, `contents[${index}]`, walk),
  );
  return filterEach(messages, ({ parts }) => parts.length > 0);
}

/** Text alone; anything else in it is kept for this API. */
export function decodeSystem(value: JsonValue | undefined): readonly Message[] {
  if (value === undefined || value === null) return [];
  const path = 'systemInstruction';
  const { parts } = fieldsOf(value, path);
  const decoded = flatMapEach(listOf(parts), (part, index) => {
    const at = `${path}.parts[${index}]`;
    return decodePlainPart(fieldsOf(part, at), at);
  });
  return decoded.length === 0 ? [] : [{ role: 'system', parts: decoded }];
}

function decodeContent(value: JsonValue, path: string, walk: Walk): void {
  const content = fieldsOf(value, path);
  const isModel = decodeRole(content.role, `${path}.role`) === 'model';
  visitEach(listOf(content.parts), (entry, index) => {
    const at = `${path}.parts[${index}]`;
    const part = fieldsOf(entry, at);
    if (isModel) append(walk, { role: 'assistant', parts: decodeModelPart(part, at, walk), path: at });
    else decodeUserPart(part, at, walk);
  });
}

/** Absent means user, and `function` is an older word for whoever answers calls. */
function decodeRole(value: JsonValue | undefined, path: string): 'user' | 'model' {
  if (value === 'model') return 'model';
  if (value === undefined || value === 'user' || value === 'function' || value === '') return 'user';
  throw invalid(path, "'user' or 'model'");
}

function append({ messages }: Walk, { role, parts, path }: Said): void {
  let message = messages.at(-1);
  if (message?.role !== role) {
    message = { role, parts: [], paths: [] };
    messages.push(message);
  }
  for (const part of parts) {
    const last = message.parts.at(-1);
    // A block of thoughts comes in pieces, its proof in the last.
    if (part.type === 'reasoning' && isOpenReasoning(last) && last.text !== '')
      message.parts[message.parts.length - 1] = { ...part, text: last.text + part.text };
    else {
      message.parts.push(part);
      message.paths.push(path);
    }
  }
}

function decodeModelPart(part: JsonObject, path: string, walk: Walk): readonly Part[] {
  if (part.functionCall === undefined) return decodePlainPart(part, path);
  const at = `${path}.functionCall`;
  const call = fieldsOf(part.functionCall, at);
  const name = requiredString(call.name, `${at}.name`);
  const id = optionalString(call.id, `${at}.id`) ?? `call_${walk.calls}`;
  const signature = optionalString(part.thoughtSignature, `${path}.thoughtSignature`);
  const text = stringifyNested(call.args ?? {});
  walk.calls += 1;
  walk.pending.add({ id, name });
  return [
    {
      type: 'tool-call',
      id,
      name,
      arguments: text,
      ...(signature !== undefined && { signature: signatureOf(signature) }),
    },
  ];
}

function decodeUserPart(part: JsonObject, path: string, walk: Walk): void {
  if (part.functionResponse === undefined) append(walk, { role: 'user', parts: decodePlainPart(part, path), path });
  else walk.messages.push({ role: 'tool', parts: [decodeResult(part, path, walk)], paths: [path] });
}

function decodeResult(part: JsonObject, path: string, { pending }: Walk): Part {
  const at = `${path}.functionResponse`;
  const response = fieldsOf(part.functionResponse, at);
  const name = requiredString(response.name, `${at}.name`);
  const id = optionalString(response.id, `${at}.id`);
  const media = decodeMedia(response.parts, `${at}.parts`);
  const { text, isError } = decodeOutput(optionalObject(response.response, `${at}.response`));
  const call = pending.take(id, name);
  if (call === undefined || call.name !== name) throw invalid(at, 'the result of a functionCall before it');
  if (media === undefined) return { type: 'opaque', api: API_ID, value: part };
  return {
    type: 'tool-result',
    toolCallId: call.id,
    parts: [...(text === '' && media.length > 0 ? [] : [{ type: 'text', text } as const]), ...media],
    ...(isError && { isError }),
  };
}

/** undefined: something that no other API takes as a result. */
function decodeMedia(value: JsonValue | undefined, path: string): readonly ImagePart[] | undefined {
  const parts = flatMapEach(listOf(value), (entry, index) =>
    decodePlainPart(fieldsOf(entry, `${path}[${index}]`), path),
  );
  const images = filterEach(parts, (part) => part.type === 'image');
  return images.length === parts.length ? images : undefined;
}

/** `output` and `error` are the API's names for what is no object. The members are the tool's own, so that their names stay. */
function decodeOutput(response: JsonObject | undefined): { readonly text: string; readonly isError: boolean } {
  const [[name, only] = [], ...others] = Object.entries(response ?? {});
  const isError = name === 'error' && others.length === 0;
  if (name === undefined) return { text: '', isError };
  const isPlain = typeof only === 'string' && others.length === 0 && (isError || name === 'output');
  return { text: isPlain ? only : stringifyNested(response ?? {}), isError };
}
