/** Decodes what providers really sent, where the recordings lie beside the project; says how many ran. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JsonObject } from '#sidecar/canonical/json';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { totalInputTokens, type Usage } from '#sidecar/canonical/usage';
import { anthropic } from '#sidecar/providers/anthropic/adapter';
import { cohere } from '#sidecar/providers/cohere/adapter';
import { gemini } from '#sidecar/providers/gemini/adapter';
import { decodeProviderStream } from '#test/support/decode-provider-stream';
import { chatAnswers, chatStreams, frameChat, parseLine, type Recording } from '#test/support/recorded-streams';
import { RECORDINGS, requireRecordings } from '#test/support/recordings';

/** Gemini marks no end: its last chunk tells the usage. */
const lastEventOf = ({ adapter, lines }: Recording): StreamEvent['type'] =>
  adapter === gemini || lines.at(-1)?.includes('message_delta') ? 'usage' : 'response-end';

const streams = chatStreams();
const answers = chatAnswers();

const finishesOf = (events: readonly StreamEvent[]) => events.filter((event) => event.type === 'finish');

function assertUsage(usage: Usage | undefined, name: string): void {
  assert.ok(usage, `${name} has usage`);
  assert.ok(totalInputTokens(usage) > 0, `${name} counts input`);
  const { toolCalls = {}, serviceTier: _, ...tokens } = usage;
  for (const [kind, count] of Object.entries<number>({ ...tokens, ...toolCalls }))
    assert.ok(Number.isSafeInteger(count) && count >= 0, `${name} ${kind}`);
}

/** Total of the provider's own accounting, where it states one. */
function assertTotal(usage: Usage | undefined, raw: JsonObject | undefined, name: string): void {
  const stated = raw?.total_tokens ?? raw?.totalTokenCount;
  if (usage === undefined || typeof stated !== 'number') return;
  const { toolCalls: _, ...tokens } = usage;
  const total = Object.values(tokens).reduce((sum: number, count) => sum + Number(count), 0);
  assert.equal(total, stated, `${name}: our six kinds add up to the provider's total`);
}

const usageOf = (lines: readonly string[]): JsonObject | undefined =>
  lines.map((line) => rawUsage(parseLine(line))).findLast((usage) => usage != null);

const rawUsage = ({ usage, usageMetadata }: JsonObject) => (usage ?? usageMetadata) as JsonObject | undefined;

test('recorded streams decode to whole answers with usage and a known finish', (context) => {
  if (!requireRecordings(context)) return;
  for (const recording of streams) {
    const { name, adapter } = recording;
    const bytes = Buffer.from(frameChat(recording));
    const events = decodeProviderStream(adapter.wires[0], [bytes]);
    assert.equal(events[0]?.type, 'response-start', name);
    assert.equal(events.at(-1)?.type, lastEventOf(recording), name);
    assert.equal(
      events.some((event) => event.type === 'error'),
      false,
      name,
    );
    const finishes = finishesOf(events);
    assert.ok(finishes.length > 0, `${name} finishes`);
    for (const finish of finishes) assert.notEqual(finish.reason, 'other', `${name}: ${finish.raw}`);
    const usage = events.findLast((event) => event.type === 'usage')?.usage;
    if (usageOf(recording.lines) !== undefined || adapter === anthropic) assertUsage(usage, name);
    assertTotal(usage, usageOf(recording.lines), name);
  }
  assert.ok(streams.length > 0);
  context.diagnostic(`${streams.length} recorded streams`);
});

test('recorded answers decode with usage and a known finish', (context) => {
  if (!requireRecordings(context)) return;
  for (const { name, adapter, lines } of answers) {
    const body = parseLine(lines[0] ?? '');
    const response = adapter.wires[0].decodeResponse(body);
    assertUsage(response.usage, name);
    assertTotal(response.usage, rawUsage(body), name);
    for (const choice of response.choices)
      assert.notEqual(choice.finishReason, 'other', `${name}: ${choice.rawFinishReason}`);
    assert.equal(response.model === '', adapter === cohere, `${name}: Cohere alone does not say which model answered`);
  }
  assert.ok(answers.length > 0);
  context.diagnostic(`${answers.length} recorded answers`);
});

test('a recorded rate limit of Gemini says in its body how long to wait', (context) => {
  if (!requireRecordings(context)) return;
  const body = parseLine(readFileSync(join(RECORDINGS, 'google/google-429-retry-info.json'), 'utf8'));
  const failure = gemini.wires[0].mapError(429, {}, body);
  assert.deepEqual([failure.class, failure.type, failure.retryAfterMs], ['rate-limited', 'RESOURCE_EXHAUSTED', 34_400]);
});

test('a recorded call of Gemini whose arguments come as values of single paths is put together', (context) => {
  if (!requireRecordings(context)) return;
  const recording = streams.find(({ name }) => name.includes('stream-tool-call-array-arguments'));
  assert.ok(recording);
  const events = decodeProviderStream(gemini.wires[0], [Buffer.from(frameChat(recording))]);
  const texts = events.flatMap((event) => (event.type === 'tool-call-delta' ? [event.arguments] : []));
  assert.deepEqual(
    texts.map((text) => parseLine(text)),
    [
      {
        operations: [
          { action: 'add', description: 'Fresh red apple', itemid: 'apple_001', price: 0.5 },
          { action: 'add', description: 'Ripe yellow banana', itemid: 'banana_001', price: 0.3 },
        ],
      },
    ],
  );
});
