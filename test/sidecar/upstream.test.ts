/** The HTTP client below the attempts, against servers that misbehave on the level of bytes. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { readWhole } from '#sidecar/upstream/read-whole';
import { UndiciUpstream } from '#sidecar/upstream/undici-upstream';
import type { UpstreamFault, UpstreamRequest } from '#sidecar/upstream/upstream';
import { until } from './start-sidecar.ts';

type TestContext = { after(release: () => Promise<void>): void };

/** `answer` sees each whole request with its number on the connection and overall. */
async function startServer(t: TestContext, answer: (socket: Socket, onSocket: number, overall: number) => void) {
  let overall = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    let onSocket = 0;
    let pending = '';
    socket.on('error', () => {});
    socket.on('data', (data) => {
      pending += data.toString();
      if (!pending.endsWith('{}')) return;
      pending = '';
      answer(socket, ++onSocket, ++overall);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const upstream = new UndiciUpstream();
  t.after(() => upstream.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat`;
  const request = (words: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
    url,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{}'),
    timeouts: { connectMs: 2_000, headersMs: 10_000, idleMs: 10_000 },
    signal: new AbortController().signal,
    ...words,
  });
  return { upstream, request, count: () => overall, sockets };
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';
const text = async (response: Parameters<typeof readWhole>[0]): Promise<string> =>
  Buffer.from(await readWhole(response)).toString();
const fault = (kind: string, requestSent: boolean) => (error: UpstreamFault) =>
  error.kind === kind && error.requestSent === requestSent;

test('an idle connection that the provider closes just then costs one quiet retry on a new connection', async (t) => {
  let resets = 0;
  const { upstream, request, count } = await startServer(t, (socket, onSocket) => {
    if (onSocket === 1) {
      socket.write(OK);
    } else {
      resets += 1;
      socket.resetAndDestroy();
    }
  });
  let sent = 0;
  // A pool may open a connection before it knows that one is free again.
  for (; resets === 0 && sent < 100; sent += 1) {
    assert.equal(await text(await upstream.send(request())), '{}');
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(resets, 1);
  assert.equal(count(), sent + 1);
});

test('a reset on a fresh connection is told and not retried here', async (t) => {
  const { upstream, request, count } = await startServer(t, (socket) => socket.resetAndDestroy());
  await assert.rejects(upstream.send(request()), fault('reset', true));
  assert.equal(count(), 1);
});

test('a connection that cannot be made is told as one that sent nothing', async (t) => {
  const { upstream, request } = await startServer(t, () => {});
  await assert.rejects(upstream.send(request({ url: 'http://127.0.0.1:1/v1' })), fault('connect', false));
  await assert.rejects(upstream.send(request({ url: 'http://no-such-host.invalid/v1' })), fault('dns', false));
});

test('a connection that is closed before it stands is made once more, since nothing was sent, and then told', async (t) => {
  const { upstream, request } = await startServer(t, () => {});
  let connections = 0;
  const closing = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {}).resetAndDestroy();
  });
  await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve));
  t.after(async () => void closing.close());
  const { port } = closing.address() as AddressInfo;
  await assert.rejects(upstream.send(request({ url: `https://127.0.0.1:${port}/` })), fault('connect', false));
  assert.equal(connections, 2);
});

test('a server that does not speak TLS is told as such', async (t) => {
  const { upstream, request } = await startServer(t, () => {});
  const { url } = request();
  const speaksPlain = createServer((socket) =>
    socket
      .on('error', () => {})
      .resume()
      .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  );
  await new Promise<void>((resolve) => speaksPlain.listen(0, '127.0.0.1', resolve));
  t.after(async () => void speaksPlain.close());
  const port = (speaksPlain.address() as AddressInfo).port;
  assert.ok(url.startsWith('http://'));
  await assert.rejects(upstream.send(request({ url: `https://127.0.0.1:${port}/` })), fault('tls', false));
});

test('a redirect is an answer and is not followed', async (t) => {
  const { upstream, request, count } = await startServer(t, (socket) =>
    socket.write('HTTP/1.1 307 Temporary Redirect\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n'),
  );
  const response = await upstream.send(request());
  assert.equal(response.status, 307);
  assert.equal(await text(response), '');
  assert.equal(count(), 1);
});

test('a compressed answer is refused, since none was asked for', async (t) => {
  const { upstream, request } = await startServer(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}'),
  );
  await assert.rejects(upstream.send(request()), fault('protocol', true));
});

test('an answer that is cut below its declared length is a fault, not a short answer', async (t) => {
  const { upstream, request } = await startServer(t, (socket) =>
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{}'),
  );
  await assert.rejects(async () => text(await upstream.send(request())), fault('reset', true));
});

test('bytes that are not HTTP are a fault of the protocol', async (t) => {
  const { upstream, request } = await startServer(t, (socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
  await assert.rejects(upstream.send(request()), fault('protocol', true));
});

test('silence before the head and silence in the body both end at their timeout', async (t) => {
  const { upstream, request } = await startServer(t, (socket, _onSocket, overall) => {
    if (overall === 2) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{}');
  });
  const timeouts = { connectMs: 2_000, headersMs: 60, idleMs: 60 };
  await assert.rejects(upstream.send(request({ timeouts })), fault('timeout', true));
  await assert.rejects(async () => text(await upstream.send(request({ timeouts }))), fault('timeout', true));
});

test('an abort ends the exchange at once, before the head and in the body', async (t) => {
  const { upstream, request, count } = await startServer(t, (socket, _onSocket, overall) => {
    if (overall === 2) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{}');
  });
  const before = new AbortController();
  const waiting = upstream.send(request({ signal: before.signal }));
  await until(() => count() === 1, 'the request arrived');
  before.abort();
  await assert.rejects(waiting, fault('aborted', true));
  const during = new AbortController();
  const reading = upstream.send(request({ signal: during.signal })).then(text);
  await until(() => count() === 2, 'the second request arrived');
  during.abort();
  await assert.rejects(reading, fault('aborted', true));
  await assert.rejects(upstream.send(request({ signal: AbortSignal.abort() })), fault('aborted', false));
});

test('an answer over the limit ends the exchange instead of filling the memory', async (t) => {
  const { upstream, request } = await startServer(t, (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n${'x'.repeat(5000)}`),
  );
  const response = await upstream.send(request());
  await assert.rejects(async () => readWhole(response, 1_000), fault('protocol', true));
});
