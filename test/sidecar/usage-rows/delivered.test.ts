/** Our own count of what was delivered, beside what providers said that they bill, in what they really sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { totalOutputTokens, type Usage } from '#sidecar/canonical/usage';
import { generatedWith, wholeTokens } from '#sidecar/pipeline/streams/generated-tokens';
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { canonicalEventsOf, sseEventsOf } from '#test/support/decode-provider-stream';
import { chatAnswers, chatStreams, frameChat, parseLine, type Recording } from '#test/support/recorded-streams';
import { requireRecordings } from '#test/support/recordings';

interface Counted {
  readonly name: string;
  readonly model: string;
  readonly adapter: ProviderAdapter;
  readonly usage: Usage | undefined;
  readonly atMost: number;
}

function streamed({ name, adapter, lines }: Recording): Counted | undefined {
  const [{ framing, streamDecoder }] = adapter.wires;
  if (framing === undefined || streamDecoder === undefined) return undefined;
  const frames = sseEventsOf([Buffer.from(frameChat({ adapter, lines }))]);
  const events = canonicalEventsOf({ streamDecoder }, frames);
  const [start] = events.filter((event) => event.type === 'response-start');
  const usage = events.findLast((event) => event.type === 'usage')?.usage;
  // What the provider tells of its own count is left out: ours is to stand alone.
  const unread = events.filter(({ type }) => type !== 'usage');
  const atMost = unread.reduce((sum, event) => generatedWith(sum, { events: [event], raw: new Uint8Array() }), 0);
  return { name, model: start?.model ?? '', adapter, usage, atMost };
}

function whole({ name, adapter, lines }: Recording): Counted {
  const { model, usage, choices } = adapter.wires[0].decodeResponse(parseLine(lines[0]), {});
  return { name, model, adapter, usage, atMost: wholeTokens(choices) };
}

/** Of models that show what they bill, of their own words alone: what a provider's tools did is billed apart. */
const isOurs = ({ name, model, adapter: { shownOutput }, usage }: Counted): boolean =>
  usage !== undefined &&
  totalOutputTokens(usage) > 0 &&
  usage.reasoningTokens === 0 &&
  (shownOutput?.always?.test(model) === true || shownOutput?.unlessReasoning?.test(model) === true) &&
  !/(?:search|fetch|code-execution|programmatic|mcp|compaction|advisor|clear|duplicate|fallback)/.test(name);

test('what is counted of delivered output is never less than what the provider bills for it', (t) => {
  if (!requireRecordings(t)) return;
  const counted = [...chatStreams().flatMap((one) => streamed(one) ?? []), ...chatAnswers().map(whole)].filter(isOurs);
  assert.ok(counted.length >= 10, `${counted.length} recordings`);
  const ratios = counted.map(({ name, usage, atMost }) => {
    const billed = usage === undefined ? 0 : totalOutputTokens(usage);
    assert.ok(atMost >= billed, `${name}: ${atMost} counted, ${billed} billed`);
    return atMost / billed;
  });
  const sorted = ratios.sort((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(1);
  t.diagnostic(
    `${counted.length} answers are counted at ${at(0)} to ${at(1)} times what was billed, half of them at ${at(0.5)} at most`,
  );
});
