/** What a provider answers and the client's API has no place for is named: in a header of a whole answer, in the log of a stream. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startSidecar } from './start-sidecar.ts';

const PICTURE = 'iVBORw0KGgo=';
const ANSWER = {
  responseId: 'r1',
  modelVersion: 'gemini-3.8-flash',
  candidates: [
    {
      index: 0,
      finishReason: 'STOP',
      content: {
        role: 'model',
        parts: [
          { text: 'A cat.' },
          { inlineData: { mimeType: 'image/png', data: PICTURE } },
          { executableCode: { language: 'PYTHON', code: '1' } },
        ],
      },
      groundingMetadata: { webSearchQueries: ['cat'] },
      safetyRatings: [{ category: 'HARM_CATEGORY_HARASSMENT', probability: 'LOW' }],
    },
  ],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4, totalTokenCount: 7 },
};

type Scope = Parameters<typeof startSidecar>[0];

async function start(t: Scope) {
  const server = createServer((request, response) => {
    const streams = request.url?.includes('stream') === true;
    response.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' });
    response.end(streams ? `data: ${JSON.stringify(ANSWER)}\n\n` : JSON.stringify(ANSWER));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.close();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const running = await startSidecar(t, {
    policy: { providers: { p: { type: 'Gemini', endpoint } }, routes: [{ targets: [{ provider: 'p' }] }] },
  });
  const ask = async (path: string, stream: boolean) => {
    const body = JSON.stringify({ model: 'chat', max_tokens: 9, stream, messages: [{ role: 'user', content: 'Hi' }] });
    const response = await fetch(running.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    assert.equal(response.status, 200);
    return { dropped: response.headers.get('x-remora-dropped'), text: await response.text() };
  };
  return { ask, running };
}

test('a picture of the model reaches a client of Chat Completions, and what it has no place for is named in the header', async (t) => {
  const { ask, running } = await start(t);
  const { dropped, text } = await ask('/v1/chat/completions', false);
  assert.equal(dropped, 'answer.executableCode, answer.groundingMetadata');
  const { message } = JSON.parse(text).choices[0];
  assert.equal(message.content, 'A cat.');
  assert.deepEqual(message.images, [
    { type: 'image_url', image_url: { url: `data:image/png;base64,${PICTURE}` }, index: 0 },
  ]);
  assert.deepEqual(running.records[0]?.droppedOfAnswer, ['answer.executableCode', 'answer.groundingMetadata']);
});

test('a client of Messages is told that there was a picture', async (t) => {
  const { ask } = await start(t);
  const { dropped } = await ask('/v1/messages', false);
  assert.equal(dropped, 'answer.image, answer.executableCode, answer.groundingMetadata');
});

test('a stream carries the picture, and the log tells what it could not carry', async (t) => {
  const { ask, running } = await start(t);
  const { dropped, text } = await ask('/v1/chat/completions', true);
  assert.equal(dropped, null);
  assert.ok(text.includes(`data:image/png;base64,${PICTURE}`));
  assert.deepEqual(running.records[0]?.droppedOfAnswer, ['answer.executableCode', 'answer.groundingMetadata']);
  const { text: blocks } = await ask('/v1/messages', true);
  assert.ok(blocks.includes('A cat.'));
  assert.deepEqual(running.records[1]?.droppedOfAnswer, [
    'answer.image',
    'answer.executableCode',
    'answer.groundingMetadata',
  ]);
});
