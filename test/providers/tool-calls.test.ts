/** Counts the calls of providers' own tools in what services really sent, where the recordings lie beside the project. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openaiResponsesWire } from '#sidecar/wires/openai-responses/openai-responses';
import { decodeProviderStream } from '#test/support/decode-provider-stream';
import {
  chatAnswers,
  chatStreams,
  frameChat,
  parseLine,
  responsesAnswers,
  responsesStreams,
} from '#test/support/recorded-streams';
import { requireRecordings } from '#test/support/recordings';

const responsesWire = openaiResponsesWire({ name: 'OpenAI' });

/** Read off the recordings by eye; those that are not here tell of none. */
const ANSWERS = {
  'anthropic/anthropic-web-search-tool.1.json': { webSearch: 2 },
  'azure/azure-web-search-preview-tool.1.json': { webSearchPreview: 2 },
  'azure/openai-file-search-tool.1.json': { fileSearch: 1 },
  'azure/openai-file-search-tool.2.json': { fileSearch: 1 },
  'openai/openai-code-interpreter-tool.1.json': { codeExecution: 3 },
  'openai/openai-file-search-tool.1.json': { fileSearch: 1 },
  'openai/openai-image-generation-tool.1.json': { other: 1 },
  // Of three calls one searches; the others open a page and look through it.
  'openai/openai-web-search-tool.1.json': { webSearch: 1 },
  'xai/xai-code-execution-tool.1.json': { codeExecution: 1 },
  'xai/xai-file-search-tool.1.json': { fileSearch: 1 },
};
const STREAMS = {
  'anthropic/anthropic-web-search-tool.1.chunks.txt': { webSearch: 1 },
  'azure/azure-web-search-preview-tool.1.chunks.txt': { webSearchPreview: 1 },
  'azure/openai-file-search-tool.1.chunks.txt': { fileSearch: 1 },
  'azure/openai-file-search-tool.2.chunks.txt': { fileSearch: 1 },
  'openai/openai-code-interpreter-tool.1.chunks.txt': { codeExecution: 3 },
  'openai/openai-file-search-tool.1.chunks.txt': { fileSearch: 1 },
  'openai/openai-image-generation-tool.1.chunks.txt': { other: 1 },
  // Two of six.
  'openai/openai-web-search-tool.1.chunks.txt': { webSearch: 2 },
};

/** Of several in one file the sum would say less. */
const note = (found: Record<string, unknown>, name: string, calls: object | undefined): void => {
  if (calls !== undefined) found[name] = found[name] === undefined ? calls : [found[name], calls].flat();
};

test('recorded answers tell how often the provider ran its own tools', (t) => {
  if (!requireRecordings(t)) return;
  const found: Record<string, unknown> = {};
  for (const { name, lines } of responsesAnswers())
    note(found, name, responsesWire.decodeResponse(parseLine(lines[0])).usage?.toolCalls);
  for (const { name, lines, adapter } of chatAnswers())
    note(found, name, adapter.wires[0].decodeResponse(parseLine(lines[0])).usage?.toolCalls);
  assert.deepEqual(found, ANSWERS);
});

test('recorded streams tell it too', (t) => {
  if (!requireRecordings(t)) return;
  const found: Record<string, unknown> = {};
  const streams = [
    ...responsesStreams().map(({ name, bytes }) => ({ name, bytes, wire: responsesWire })),
    ...chatStreams().map((each) => ({ ...each, bytes: Buffer.from(frameChat(each)), wire: each.adapter.wires[0] })),
  ];
  for (const { name, bytes, wire } of streams) {
    const used = decodeProviderStream(wire, [bytes]).findLast((event) => event.type === 'usage');
    note(found, name, used?.usage.toolCalls);
  }
  assert.deepEqual(found, STREAMS);
});
