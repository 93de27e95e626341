/** A price book over real HTTP: what is slow, too large, broken or unchanged. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { KubeClient } from '#operator/kube/kube-client';
import { MAX_BOOK_BYTES, openSource } from '#operator/prices/book-source';

const NO_CLUSTER = new KubeClient({
  server: 'http://127.0.0.1:1',
  credentials: () => Promise.reject(new Error('none')),
});

async function sourceOf(t: TestContext, listener: RequestListener, deadlineMs?: number) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/prices.json?token=secret`;
  const options = { client: NO_CLUSTER, namespace: 'remora', ...(deadlineMs !== undefined && { deadlineMs }) };
  const source = openSource({ url }, options);
  t.after(async () => {
    await source.close();
    server.closeAllConnections();
    server.close();
  });
  return source;
}

test('the ETag of the last answer is sent, and 304 means that nothing changed', async (t) => {
  const source = await sourceOf(t, (request, response) => {
    if (request.headers['if-none-match'] === '"one"') return response.writeHead(304).end();
    return response.writeHead(200, { etag: '"one"' }).end('{}');
  });
  const first = await source.fetch(undefined);
  assert.deepEqual(first, { kind: 'text', text: '{}', tag: '"one"' });
  assert.deepEqual(await source.fetch('"one"'), { kind: 'unchanged' });
  assert.doesNotMatch(source.name, /secret/);
});

test('a server that never answers, and one whose answer never ends, is left alone at the deadline', async (t) => {
  const silent = await sourceOf(t, () => {}, 50);
  await assert.rejects(silent.fetch(undefined), /^Error: it did not answer within 0.05 s$/);
  const endless = await sourceOf(t, (_request, response) => void response.writeHead(200).write('{'), 50);
  await assert.rejects(endless.fetch(undefined), /^Error: it did not answer within 0.05 s$/);
});

test('an answer that is too large is not read to its end', async (t) => {
  let sent = 0;
  const source = await sourceOf(t, (_request, response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && sent < 100 * MAX_BOOK_BYTES && response.write('x'.repeat(65_536))) sent += 65_536;
    };
    response.on('drain', more);
    more();
  });
  await assert.rejects(source.fetch(undefined), /^Error: it is larger than 512 KiB$/);
  assert.ok(sent < 100 * MAX_BOOK_BYTES, String(sent));
});

test('any status but 200 is no book, a redirect included; nor is a connection that breaks', async (t) => {
  for (const status of [204, 301, 404, 500]) {
    const source = await sourceOf(t, (_request, response) => response.writeHead(status, { location: '/' }).end());
    await assert.rejects(source.fetch(undefined), new RegExp(`it answered with status ${status}`));
  }
  const broken = await sourceOf(t, (request) => request.socket.destroy());
  await assert.rejects(broken.fetch(undefined), Error);
});
