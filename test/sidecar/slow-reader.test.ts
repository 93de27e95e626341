/** A client that reads slowly makes its provider slow, not its sidecar large. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { chatBytes, closed, STREAMED_CHAT } from './raw-http.ts';
import { startSidecar, until } from './start-sidecar.ts';

const CHUNK_BYTES = 64 * 1024;
/** Many times what all sockets between a provider and a client hold. */
const CHUNKS = 1_024;
/** Turns of the event loop, which sockets of one machine need one or two of to pass bytes on. */
const TURNS = 2_000;

const chunk = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`;

/** Writes as fast as it is read. */
async function startWriter(t: TestContext) {
  const state = { written: 0, isWaiting: false };
  async function write(response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const text = chunk('x'.repeat(CHUNK_BYTES));
    for (; state.written < CHUNKS; state.written += 1)
      if (!response.write(text)) {
        state.isWaiting = true;
        await once(response, 'drain');
        state.isWaiting = false;
      }
    response.end(`${chunk('', 'stop')}data: [DONE]\n\n`);
  }
  const server = createServer((request, response) => {
    request.resume();
    void write(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` };
}

for (const dialect of ['passed through', 'translated'] as const)
  test(`a client that does not read pauses the provider of a stream that is ${dialect}, and gets all of it once it reads`, async (t) => {
    const { state, url } = await startWriter(t);
    const running = await startSidecar(t, {
      policy: { providers: { p: { type: 'OpenAI', endpoint: url } }, routes: [{ targets: [{ provider: 'p' }] }] },
    });
    const isOwn = dialect === 'passed through';
    const request = isOwn ? STREAMED_CHAT : JSON.stringify({ ...JSON.parse(STREAMED_CHAT), max_tokens: 64 });
    const socket = connect(running.port, '127.0.0.1');
    t.after(() => void socket.destroy());
    socket.pause();
    socket.write(chatBytes(request, ['host: remora'], isOwn ? '/v1/chat/completions' : '/v1/messages'));

    let [turns, seen] = [0, 0];
    await until(() => {
      turns = state.isWaiting && state.written === seen ? turns + 1 : 0;
      seen = state.written;
      return turns === TURNS || state.written === CHUNKS;
    }, 'the provider writes no more');
    t.diagnostic(`paused after ${state.written} of ${CHUNKS} chunks of 64 KiB`);
    assert.ok(state.written < CHUNKS / 2, `the provider could write ${state.written} chunks that nobody reads`);

    let [bytes, end] = [0, ''];
    socket.on('data', (data) => {
      bytes += data.length;
      end = data.subarray(-200).toString();
    });
    socket.resume();
    await closed(socket);
    assert.equal(state.written, CHUNKS);
    assert.ok(bytes > CHUNKS * CHUNK_BYTES, `${bytes} bytes`);
    assert.match(end, isOwn ? /\[DONE\]/ : /message_stop/);
    assert.equal(running.records[0]?.outcome, 'ok');
    assert.deepEqual(running.faults, []);
  });
