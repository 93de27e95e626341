/** Decodes the Responses streams and answers that services really sent, where the recordings lie beside the project, and writes them anew for the official client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { totalInputTokens, type Usage } from '#sidecar/canonical/usage';
import { openaiResponses } from '#sidecar/dialects/openai-responses/dialect';
import { writeSse } from '#sidecar/stream/write-sse';
import { openaiResponsesWire } from '#sidecar/wires/openai-responses/openai-responses';
import { decodeProviderStream } from '#test/support/decode-provider-stream';
import { encodeClientStream } from '#test/support/encode-client-stream';
import { parseLine, responsesAnswers, responsesStreams } from '#test/support/recorded-streams';
import { requireRecordings } from '#test/support/recordings';

const wire = openaiResponsesWire({ name: 'OpenAI' });
const context = { request: openaiResponses.decodeRequest({ model: 'chat', input: 'Hi' }, {}), nowSeconds: 1 };

const streams = responsesStreams();
const answers = responsesAnswers();

function assertUsage(usage: Usage | undefined, raw: JsonValue | undefined, name: string): void {
  assert.ok(usage, `${name} has usage`);
  const { toolCalls: _, ...tokens } = usage;
  const total = Object.values(tokens).reduce((sum: number, count) => sum + Number(count), 0);
  assert.equal(total, (raw as JsonObject).total_tokens, `${name}: our six kinds add up to the provider's total`);
}

/** A message without any text says nothing, and is not written anew. */
const saysSomething = (item: JsonObject): boolean =>
  item.type !== 'message' || !JSON.stringify(item).includes('"text":""');

const writeAnew = (events: readonly StreamEvent[]): string =>
  encodeClientStream(openaiResponses.streamEncoder, events, context).map(writeSse).join('');

const clientOf = (body: string, type: string): OpenAI =>
  new OpenAI({
    apiKey: 'placeholder',
    baseURL: 'http://gateway.invalid/v1',
    maxRetries: 0,
    fetch: async () => new Response(body, { headers: { 'content-type': type } }),
  });

test('recorded Responses streams decode to whole answers, and the official client reads them written anew', async (t) => {
  if (!requireRecordings(t)) return;
  for (const { name, lines, bytes } of streams) {
    const events = decodeProviderStream(wire, [bytes]);
    assert.equal(events[0]?.type, 'response-start', name);
    assert.equal(events.at(-1)?.type, 'response-end', name);
    const finish = events.find((event) => event.type === 'finish');
    assert.ok(finish !== undefined && finish.reason !== 'other', name);
    const last = parseLine(lines.at(-1) ?? '').response as JsonObject;
    const usage = events.findLast((event) => event.type === 'usage')?.usage;
    assertUsage(usage, last.usage, name);
    const final = await clientOf(writeAnew(events), 'text/event-stream')
      .responses.stream({ model: 'chat', input: 'Hi' })
      .finalResponse();
    const text = events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
    assert.equal(final.output_text, text, name);
    const done = lines
      .map((line) => parseLine(line))
      .flatMap(({ type, item }) => (type === 'response.output_item.done' ? [item as JsonObject] : []));
    assert.deepEqual(
      final.output.map(({ type }) => type),
      done.filter(saysSomething).map(({ type }) => type),
      name,
    );
  }
  assert.ok(streams.length > 20);
  t.diagnostic(`${streams.length} recorded streams`);
});

test('recorded Responses answers decode with usage, and keep their output written anew', async (t) => {
  if (!requireRecordings(t)) return;
  for (const { name, lines } of answers) {
    const body = parseLine(lines[0] ?? '');
    const response = wire.decodeResponse(body);
    if (totalInputTokens(response.usage ?? ({} as Usage)) > 0) assertUsage(response.usage, body.usage, name);
    assert.notEqual(response.choices[0]?.finishReason, 'other', name);
    const anew = openaiResponses.encodeResponse(response, context);
    const read = await clientOf(JSON.stringify(anew), 'application/json').responses.create({ model: 'm', input: 'Hi' });
    assert.deepEqual(
      read.output.map(({ type }) => type),
      (body.output as JsonObject[]).map(({ type }) => type),
      name,
    );
    assert.deepEqual(anew.tools, body.tools, name);
  }
  assert.ok(answers.length > 15);
  t.diagnostic(`${answers.length} recorded answers`);
});
