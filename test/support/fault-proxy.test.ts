/** The proxy that breaks connections breaks them as it says: what is proven with it rests on this. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { type FaultProxy, type NetworkFault, startFaultProxy } from './fault-proxy.ts';
import { selfSigned } from './self-signed.ts';

const ANSWER = 'x'.repeat(1_000);

/** Answers each piece of a request with the same thousand bytes. */
async function start(t: TestContext, fault: NetworkFault): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('data', () => socket.write(ANSWER));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const proxy = await startFaultProxy((server.address() as AddressInfo).port, fault);
  t.after(async () => {
    await proxy.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => server.close(closed));
  });
  return proxy;
}

interface Seen {
  readonly text: string;
  /** How many pieces it came in. */
  readonly pieces: number;
  /** Error code, or `end`, or `enough`. */
  readonly end: string;
}

/** Asks once and reads until the connection ends or `enough` bytes are here. */
function ask({ port }: FaultProxy, enough = Number.POSITIVE_INFINITY): Promise<Seen> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    let text = '';
    let pieces = 0;
    const settle = (end: string): void => {
      socket.destroy();
      resolve({ text, pieces, end });
    };
    socket.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? ''));
    socket.on('end', () => settle('end'));
    socket.on('data', (piece: string) => {
      text += piece;
      pieces += 1;
      if (text.length >= enough) settle('enough');
    });
    socket.write('ask');
  });
}

test('without a fault the bytes pass, in both directions', async (t) => {
  const seen = await ask(await start(t, { kind: 'none' }), ANSWER.length);
  assert.deepEqual([seen.text, seen.end], [ANSWER, 'enough']);
});

test('a refused port accepts nobody, and is the same port afterwards', async (t) => {
  const proxy = await start(t, { kind: 'refuse' });
  assert.equal((await ask(proxy)).end, 'ECONNREFUSED');
  const { port } = proxy;
  await proxy.set({ kind: 'none' });
  assert.equal(proxy.port, port);
  assert.equal((await ask(proxy, ANSWER.length)).end, 'enough');
});

test('a reset comes before any byte, or after so many', async (t) => {
  const proxy = await start(t, { kind: 'reset', afterBytes: 0 });
  assert.deepEqual(await ask(proxy), { text: '', pieces: 0, end: 'ECONNRESET' });
  await proxy.set({ kind: 'reset', afterBytes: 300 });
  const seen = await ask(proxy);
  assert.equal(seen.end, 'ECONNRESET');
  assert.ok(seen.text.length <= 300);
});

test('a limit closes properly after exactly so many bytes', async (t) => {
  const seen = await ask(await start(t, { kind: 'limit', bytes: 300 }));
  assert.deepEqual([seen.text, seen.end], [ANSWER.slice(0, 300), 'end']);
});

test('a half-open connection takes everything and says nothing until it is cut', async (t) => {
  const proxy = await start(t, { kind: 'half-open' });
  const asked = ask(proxy);
  const other = await Promise.race([asked, new Promise((resolve) => setImmediate(resolve, 'silent'))]);
  assert.equal(other, 'silent');
  while (proxy.connections === 0) await new Promise((resolve) => setImmediate(resolve));
  await proxy.set({ kind: 'none' });
  assert.equal((await asked).text, '');
});

test('slices, latency and bandwidth change when bytes come and in how many pieces, and nothing else', async (t) => {
  const proxy = await start(t, { kind: 'slice', bytes: 100 });
  const sliced = await ask(proxy, ANSWER.length);
  assert.equal(sliced.text, ANSWER);
  assert.ok(sliced.pieces > 1, `${sliced.pieces} pieces`);
  for (const fault of [
    { kind: 'latency', ms: 5 },
    { kind: 'bandwidth', bytesPerSecond: 20_000 },
  ] as const) {
    await proxy.set(fault);
    assert.equal((await ask(proxy, ANSWER.length)).text, ANSWER);
  }
});

test('garbage is answered in place of what was asked for', async (t) => {
  assert.match((await ask(await start(t, { kind: 'garbage' }))).text, /no HTTP/);
});

async function tlsError({ port }: FaultProxy): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1' });
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  return error.code ?? '';
}

test('a handshake meets an alert, or a certificate that nobody signed', async (t) => {
  const proxy = await start(t, { kind: 'tls-alert' });
  assert.match(await tlsError(proxy), /ALERT_HANDSHAKE_FAILURE/);
  await proxy.set({ kind: 'wrong-certificate', keyPair: await selfSigned() });
  assert.match(await tlsError(proxy), /SELF_SIGNED_CERT/);
});

test('a fault that is set cuts the connections that stand', async (t) => {
  const proxy = await start(t, { kind: 'none' });
  const socket = connect(proxy.port, '127.0.0.1');
  socket.write('ask');
  await once(socket, 'data');
  const closed = once(socket, 'close');
  socket.resume().on('error', () => {});
  await proxy.set({ kind: 'none' });
  await closed;
  assert.equal(proxy.connections, 1);
});
