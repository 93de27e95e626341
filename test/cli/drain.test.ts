/** A process that is told to stop lets every open stream end: none is cut, and nobody new is let in. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '#test/operator/eventually';
import { isWhole, openStream } from '#test/sidecar/open-stream';
import { countOf } from '#test/support/counts';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { folderFor, oneProvider, startDev } from './remora-process.ts';

/** Open at one time; 1,000 is what a sidecar lets in. */
const STREAMS = countOf('drainedStreams');

const readiness = async (healthUrl: string): Promise<number> => (await fetch(`${healthUrl}/readyz`)).status;

test(`a process that is told to stop drops its readiness, lets nobody in and ends ${STREAMS} open streams in full`, async (t) => {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const { promise, resolve: release } = Promise.withResolvers<void>();
  provider.respondWith({ text: 'one two three', hold: { afterEvents: 2, until: promise } });
  const folder = folderFor(t);
  writeFileSync(join(folder, 'remora.yaml'), oneProvider(provider.url, '{targets: [{model: p/m}]}'));
  const remora = await startDev(t, { paths: ['remora.yaml'], state: join(folder, 'state'), cwd: folder });
  const streams = Array.from({ length: STREAMS }, () => openStream(t, remora.url));
  await eventually('all streams have begun', () => streams.every(({ text }) => text().includes('one')));
  assert.equal(await readiness(remora.healthUrl), 200);

  remora.signal('SIGTERM');
  const sinceMs = performance.now();
  await eventually('readiness has dropped', async () => (await readiness(remora.healthUrl)) === 503);
  await assert.rejects(fetch(`${remora.url}/v1/models`), 'nobody new is let in');
  assert.ok(
    streams.every(({ text }) => !text().includes('[DONE]')),
    'the streams are still open',
  );

  release();
  await Promise.all(streams.map(({ ended }) => ended));
  const { code, stdout } = await remora.ended;
  t.diagnostic(
    `${STREAMS} streams ended and the process with them ${Math.round(performance.now() - sinceMs)} ms after the signal`,
  );
  const cut = streams.filter((stream) => !isWhole(stream));
  assert.equal(cut.length, 0, `${cut.length} cut, such as ${cut[0]?.failure() ?? cut[0]?.text().slice(-300)}`);
  assert.equal(code, 0);
  assert.equal(stdout.match(/"status":200,"outcome":"ok"/g)?.length, STREAMS, 'each is in the log');
});
