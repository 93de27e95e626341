/** What a Responses call has to do with what accounts keep: answers are kept unless it says otherwise, and it may go on from kept ones. */

import type { ChatRequest } from '#sidecar/canonical/chat-request';
import { allOf } from '#sidecar/canonical/extensions';
import type { JsonValue } from '#sidecar/canonical/json';
import type { Keeping } from '#sidecar/canonical/kept-request';
import { filterEach } from '#sidecar/canonical/walk';
import { namedFiles, opaqueValues } from '#sidecar/dialects/named-files';
import { isJsonObject } from '#sidecar/json/body';
import { DIALECT_ID } from './api-id.ts';
import { isReference } from './reference.ts';

export function keeping(request: ChatRequest): Keeping | undefined {
  const { previous_response_id, conversation, store } = allOf(request.extensions[DIALECT_ID]);
  const references = filterEach<JsonValue, { id: string }>(opaqueValues(request, DIALECT_ID), isReference);
  const ids = [
    previous_response_id,
    isJsonObject(conversation) ? conversation.id : conversation,
    ...references.map(({ id }) => id),
  ];
  const names = [...ids.filter(isId), ...namedFiles(request, DIALECT_ID)];
  return names.length === 0 && store === false ? undefined : { by: DIALECT_ID, names };
}

const isId = (value: JsonValue | undefined): value is string => typeof value === 'string';
