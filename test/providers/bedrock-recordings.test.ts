/** Decodes what Bedrock really sent, in the frames that it sends it in, and holds the fake to it; says how many ran. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { JsonObject } from '#sidecar/canonical/json';
import { totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';
import { awsEventStream } from '#sidecar/stream/aws-event-stream';
import { bedrockConverseWire } from '#sidecar/wires/bedrock-converse/bedrock-converse';
import { awsFramesOf } from '#test/support/aws-frames';
import { decodeFramedStream } from '#test/support/decode-provider-stream';
import { bedrockFakeWire } from '#test/support/providers/bedrock-fake-wire';
import { RECORDINGS, requireRecordings } from '#test/support/recordings';
import { ANSWER, shapeOf } from './fake-shape.ts';

const FOLDER = join(RECORDINGS, 'amazon-bedrock');

const pathsOf = (ending: string): string[] => globSync(join(FOLDER, `*${ending}`)).sort();
const linesOf = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');

const total = (usage: Usage): number => totalInputTokens(usage) + totalOutputTokens(usage);

test('recorded streams of Bedrock decode to whole answers', async (context) => {
  if (!requireRecordings(context)) return;
  const paths = pathsOf('.chunks.txt');
  for (const path of paths) {
    const name = basename(path);
    const lines = linesOf(path);
    const bytes = Buffer.concat(awsFramesOf(lines));
    const events = await decodeFramedStream(bedrockConverseWire, [bytes]);
    assert.deepEqual([events[0]?.type, events.at(-1)?.type], ['response-start', 'response-end'], name);
    const finish = events.find((event) => event.type === 'finish');
    assert.ok(finish !== undefined && finish.reason !== 'other', name);
    const usage = events.find((event) => event.type === 'usage')?.usage;
    const metered = lines.map((line) => JSON.parse(line).metadata?.usage).find((raw) => raw !== undefined);
    assert.equal(usage && total(usage), metered?.totalTokens, name);
  }
  assert.ok(paths.length > 0);
  context.diagnostic(`${paths.length} recorded streams`);
});

test('recorded answers of Bedrock decode with usage and a known finish', (context) => {
  if (!requireRecordings(context)) return;
  const bodies = pathsOf('.json').map((path): [string, JsonObject] => [
    basename(path),
    JSON.parse(readFileSync(path, 'utf8')),
  ]);
  const answers = bodies.filter(([, body]) => 'output' in body);
  for (const [name, body] of answers) {
    const { choices, usage } = bedrockConverseWire.decodeResponse(body);
    assert.equal(usage && total(usage), (body.usage as JsonObject).totalTokens, name);
    assert.ok((choices[0]?.parts.length ?? 0) > 0, name);
    assert.notEqual(choices[0]?.finishReason, 'other', name);
  }
  assert.ok(answers.length > 0);
  context.diagnostic(`${answers.length} recorded answers`);
});

test('the fake bedrock provider sends no member that no recording has', async (context) => {
  if (!requireRecordings(context)) return;
  const known = (ending: string, texts: (path: string) => string[]) =>
    new Set(pathsOf(ending).flatMap((path) => texts(path).flatMap((text) => shapeOf(JSON.parse(text)))));
  const unknown = (shape: readonly string[], real: ReadonlySet<string>) => shape.filter((member) => !real.has(member));
  const answers = known('.json', (path) => [readFileSync(path, 'utf8')]);
  assert.deepEqual(unknown(shapeOf(bedrockFakeWire.body(ANSWER)), answers), []);
  const reader = await awsEventStream();
  const sent = bedrockFakeWire
    .events(ANSWER)
    .flatMap((frame) => reader.push(Buffer.from(frame)))
    .flatMap(({ events }) => events.map(({ event, data }) => ({ [event]: JSON.parse(data) })));
  const streams = known('.chunks.txt', linesOf);
  assert.deepEqual(
    unknown(
      sent.flatMap((event) => shapeOf(event)),
      streams,
    ),
    [],
  );
});
