/** Requests and answers of all APIs are read, inspected and written the same with a rest after every item as in one piece: that is how large ones are. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { JsonObject } from '#sidecar/canonical/json';
import { operationOf } from '#sidecar/canonical/operation';
import { lostOfAnswer } from '#sidecar/dialects/answer-losses';
import type { Dialect } from '#sidecar/dialects/dialect';
import { DIALECTS } from '#sidecar/dialects/index';
import { Losses } from '#sidecar/wires/losses';
import { buildRequest } from '#test/support/build-request';
import { CHAT_WIRES } from '#test/support/chat-wires';
import { assertSameWithRests } from '#test/support/with-rests';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): JsonObject => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
const isChat = (dialect: { readonly operation: string }): dialect is Dialect => dialect.operation === 'chat';
const CHAT_DIALECTS = DIALECTS.filter(isChat);
const MODEL: Readonly<Record<string, string>> = { 'bedrock-converse': 'anthropic.claude-sonnet-4-20250514-v1:0' };
const VALUES = { model: 'chat', action: 'generateContent' };
const shout = (text: string): string => text.toUpperCase();

const bodies = (pattern: string): readonly (readonly [string, JsonObject])[] =>
  globSync(pattern, { cwd: ROOT })
    .filter((path) => /[/\\][^./\\]+\.json$/.test(path))
    .sort()
    .map((path) => [path, read(path)]);

for (const dialect of CHAT_DIALECTS) {
  const requests = bodies(`{test/support/requests,sidecar/dialects/${dialect.id}/fixtures/requests}/*.json`);
  test(`every request of ${dialect.id} is read, and written for every API, the same with rests`, () => {
    for (const [path, body] of requests) {
      const request = assertSameWithRests(() => () => dialect.decodeRequest(body, VALUES), path);
      if (request === undefined) continue;
      assertSameWithRests(() => () => operationOf(request).mapText(request, shout), path);
      assertSameWithRests(() => () => dialect.keeping?.(request), path);
      for (const wire of CHAT_WIRES) {
        for (const onUnsupported of ['Drop', 'Refuse'] as const)
          assertSameWithRests(() => encoding(wire, request, onUnsupported), `${path} for ${wire.id}`);
      }
    }
  });
}

/** What was lost outlives rests. */
function encoding(wire: (typeof CHAT_WIRES)[number], request: ChatRequest, onUnsupported: 'Drop' | 'Refuse') {
  const losses = new Losses(wire.name, onUnsupported);
  return () => {
    const body = wire.encodeRequest(request, MODEL[wire.id] ?? 'model', losses);
    return { body, dropped: losses.dropped };
  };
}

test('every answer is read, and written for clients of every API, the same with rests', () => {
  const answers = bodies('sidecar/{providers,wires}/*/fixtures/*.json');
  assert.ok(answers.length > 20);
  for (const [path, body] of answers) {
    for (const wire of CHAT_WIRES) {
      const response = assertSameWithRests(() => () => wire.decodeResponse(body), `${path} by ${wire.id}`);
      if (response === undefined) continue;
      for (const dialect of CHAT_DIALECTS) {
        const context = { request: buildRequest(), nowSeconds: 1 };
        assertSameWithRests(() => () => dialect.encodeResponse(response, context), `${path} for ${dialect.id}`);
        assertSameWithRests(() => () => lostOfAnswer(response, dialect), `${path} for ${dialect.id}`);
      }
    }
  }
});
