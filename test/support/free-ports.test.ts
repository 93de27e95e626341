import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { freePorts, stretchOutside } from './free-ports.ts';

test('ports are different', async () => {
  assert.equal(new Set(await freePorts(20)).size, 20);
});

test('they are none that the system gives to whoever asks for any, where it leaves some alone', () => {
  assert.deepEqual(stretchOutside([32_768, 60_999]), [10_000, 32_767]);
  assert.deepEqual(stretchOutside([1_024, 60_999]), [61_000, 65_535]);
  assert.deepEqual(stretchOutside([1_024, 65_535]), [10_000, 65_535]);
});

test('a port that was given out is given to nobody else, though nobody listens there', async () => {
  const [port = 0] = await freePorts(1);
  await assert.rejects(
    freePorts(1, () => port),
    /no 1 ports are free/,
  );
});

test('a port where somebody listens is given to nobody', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await assert.rejects(
    freePorts(1, () => port),
    /no 1 ports are free/,
  );
});
