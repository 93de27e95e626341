/** What a provider streams arrives as it was written, however its bytes are cut, through real sockets on both sides. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { startCutter } from './cutter.ts';
import { post, STREAMED_CHAT } from './raw-http.ts';
import { startSidecar } from './start-sidecar.ts';

const SEED = 20_261_121;
const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}`;
const USAGE = `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } })}`;
const TEXTS = ['Grüße', ' 👩‍👩‍👧 and', ' \u2028 \\n data: x', ' 漢字', ' end'];

/** The blocks of a stream without their line ends. */
const blocks = (withUsage: boolean): string[] => [
  ': a comment of the provider',
  chunk({ role: 'assistant', content: '' }),
  ...TEXTS.map((content) => chunk({ content })),
  chunk({}, 'stop'),
  ...(withUsage ? [USAGE] : []),
  'data: [DONE]',
];

const written = (lines: readonly string[], end: string): Buffer =>
  Buffer.from(lines.map((l) => l + end + end).join(''));

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [...places, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : places[index - 1], end));
}

test(`random cuts of a passed-through stream change no byte but the usage that was not asked for (seed ${SEED})`, async (t) => {
  const cutter = await startCutter(t);
  const running = await startSidecar(t, {
    policy: { providers: { p: { type: 'OpenAI', endpoint: cutter.url } }, routes: [{ targets: [{ provider: 'p' }] }] },
  });
  const asked = JSON.stringify({ ...JSON.parse(STREAMED_CHAT), stream_options: { include_usage: true } });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.boolean(),
      fc.array(fc.nat({ max: 5_000 }), { maxLength: 12 }),
      async (end, includeUsage, places) => {
        cutter.state.pieces = cut(written(blocks(true), end), places);
        const answer = await fetch(`${running.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: includeUsage ? asked : STREAMED_CHAT,
        });
        const got = Buffer.from(await answer.arrayBuffer());
        // A cut between CR and LF leaves the LF of a block that was dropped: one empty line more, which no reader sees.
        const normal = (bytes: Buffer): string => bytes.toString().replace(/(\r\n|\r|\n)+/g, '\n');
        assert.equal(normal(got), normal(written(blocks(includeUsage), end)));
      },
    ),
    { numRuns: 300, seed: SEED },
  );
  assert.equal(running.gate.settled.filter(({ usage }) => usage?.inputTokens === 3).length, 300);
});

test(`random cuts of a translated stream give the same text and tool calls (seed ${SEED})`, async (t) => {
  const cutter = await startCutter(t);
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'Anthropic', endpoint: cutter.url.replace('/v1', '') } },
      routes: [{ targets: [{ provider: 'p' }] }],
    },
  });
  const event = (data: { type: string; [member: string]: unknown }): string =>
    `event: ${data.type}\ndata: ${JSON.stringify(data)}`;
  const stream = [
    event({
      type: 'message_start',
      message: {
        id: 'm1',
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [],
        usage: { input_tokens: 3, output_tokens: 1 },
      },
    }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ...TEXTS.map((text) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    event({ type: 'content_block_stop', index: 0 }),
    event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } }),
    event({ type: 'message_stop' }),
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 5_000 }), { maxLength: 12 }), async (places) => {
      cutter.state.pieces = cut(written(stream, '\n'), places);
      const answer = await post(running.url, STREAMED_CHAT);
      const chunks = answer.text
        .split('\n\n')
        .filter((block) => block.startsWith('data: {'))
        .map((block) => JSON.parse(block.slice(6)));
      assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), TEXTS.join(''));
      assert.ok(answer.text.endsWith('data: [DONE]\n\n'));
    }),
    { numRuns: 200, seed: SEED },
  );
});

test('a plain answer of the same API comes back byte for byte, unknown members and number tokens included', async (t) => {
  const body =
    '{ "id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"created":1.0e3,"model":"m","big":12345678901234567890,"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}';
  let sent = '';
  const server = createServer((request, response) => {
    request.on('data', (data) => {
      sent += data;
    });
    request.on('end', () => response.end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => void server.close());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint } },
      routes: [{ targets: [{ provider: 'p', model: 'real' }] }],
    },
  });
  const asked = '{"seed": 12345678901234567890, "model" : "chat","messages":[{"role":"user","content":"\\u0041"}] }';
  const answer = await post(running.url, asked);
  assert.equal(answer.text, body);
  assert.equal(sent, asked.replace('"chat"', '"real"'));
});
