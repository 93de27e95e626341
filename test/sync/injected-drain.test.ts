/**
 * How a native sidecar ends. Kubelet sends its signal after the app's containers have ended, so that mostly nobody reads any more; who
 * does (another sidecar, or the app where the sidecar's container alone is stopped) gets its streams whole, as long as the pod allows.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { POD_ENV } from '#contract/names/pod';
import { eventually } from '#test/operator/eventually';
import { isWhole, type OpenStream, openStream } from '#test/sidecar/open-stream';
import { countOf } from '#test/support/counts';
import type { FakeProvider } from '#test/support/providers/fake-provider';
import { budgetOf, until } from './harness.ts';
import { policyFor, runPolicy, type Stage, stage } from './injected-stage.ts';
import type { SidecarProcess } from './sidecar-process.ts';

const STREAMS = countOf('drainedStreams');
const BUDGET = budgetOf(10n ** 15n);
/** Far longer than a test may take: what ends before has ended by itself. */
const LONG = { [POD_ENV.drainSeconds]: '3600' };
const REQUEST = JSON.stringify({
  model: 'chat',
  max_tokens: 20,
  stream: true,
  messages: [{ role: 'user', content: 'hello' }],
});

interface Held {
  readonly here: Stage;
  readonly sidecar: SidecarProcess;
  readonly url: string;
  readonly streams: readonly OpenStream[];
  release(): void;
}

/** So many streams through the sidecar, each with its first words delivered and the rest held back by the provider. */
async function heldStreams(
  t: TestContext,
  count: number,
  { env = LONG, onClientGone }: { readonly env?: Record<string, string>; readonly onClientGone?: 'Drain' } = {},
): Promise<Held> {
  const here = await stage(t);
  const held = Promise.withResolvers<void>();
  t.after(() => held.resolve());
  here.provider.respondWith({ text: 'one two three', hold: { afterEvents: 2, until: held.promise } });
  const route = onClientGone === undefined ? {} : { stream: { onClientGone } };
  const { sidecar, url } = await runPolicy(here, policyFor(here.provider, [BUDGET], route), env);
  const streams = Array.from({ length: count }, () => openStream(t, url, REQUEST));
  await until('all streams have begun', () => streams.every(({ text }) => text().includes('one')));
  return { here, sidecar, url, streams, release: held.resolve };
}

const readiness = async (sidecar: SidecarProcess): Promise<number> =>
  (await fetch(`${sidecar.health()}/readyz`)).status;

async function assertAllGivenBack({ operator }: Stage): Promise<void> {
  const { held, spent } = await operator.treasury.status(BUDGET);
  assert.equal(held, 0n, 'no grant is left out');
  assert.ok(spent > 0n);
}

const aborted = ({ requests }: FakeProvider): number => requests.filter(({ wasAborted }) => wasAborted).length;

test(`an app that ends its ${STREAMS} streams before it ends loses none, and the sidecar ends with it however long it might wait`, async (t) => {
  const { here, sidecar, streams, release } = await heldStreams(t, STREAMS);
  assert.equal(await readiness(sidecar), 200);
  release();
  await Promise.all(streams.map(({ ended }) => ended));
  sidecar.kill('SIGTERM');
  assert.equal(await sidecar.ended, 0);
  assert.equal(streams.filter((stream) => !isWhole(stream)).length, 0);
  assert.equal(aborted(here.provider), 0);
  await assertAllGivenBack(here);
});

test('an app that is killed with its streams takes them along, and the sidecar ends at once', async (t) => {
  const { here, sidecar, streams } = await heldStreams(t, 20);
  for (const stream of streams) stream.leave();
  sidecar.kill('SIGTERM');
  assert.equal(await sidecar.ended, 0);
  await until('the provider sees the end of each call', () => aborted(here.provider) === 20);
  await assertAllGivenBack(here);
});

test(`a sidecar that is told to stop before its app drops its readiness, lets nobody in and ends ${STREAMS} open streams in full`, async (t) => {
  const { here, sidecar, url, streams, release } = await heldStreams(t, STREAMS, { onClientGone: 'Drain' });
  // Of a stream that nobody reads, the end tells that the time is over which a sidecar has without readers.
  streams[0]?.leave();
  sidecar.kill('SIGTERM');
  await eventually('the readiness has dropped', async () => (await readiness(sidecar)) === 503);
  await assert.rejects(fetch(`${url}/v1/models`), 'nobody new is let in');
  await until('the stream that nobody reads is ended', () => aborted(here.provider) === 1);
  const read = streams.slice(1);
  assert.ok(
    read.every(({ text }) => !text().includes('[DONE]') && !text().includes('"error"')),
    'all that are read are still open',
  );
  release();
  await Promise.all(read.map(({ ended }) => ended));
  assert.equal(await sidecar.ended, 0);
  const cut = read.filter((stream) => !isWhole(stream));
  assert.equal(cut.length, 0, `${cut.length} cut, such as ${cut[0]?.failure() ?? cut[0]?.text().slice(-300)}`);
  assert.equal(aborted(here.provider), 1);
  await assertAllGivenBack(here);
});

test('streams that last longer than the drain end in an error event of their API, are booked, and the sidecar exits 0', async (t) => {
  const { here, sidecar, streams } = await heldStreams(t, 20, { env: { [POD_ENV.drainSeconds]: '1' } });
  sidecar.kill('SIGTERM');
  assert.equal(await sidecar.ended, 0);
  await Promise.all(streams.map(({ ended }) => ended));
  for (const { text, failure } of streams) {
    assert.match(text(), /data: \{"error":\{"message":"The sidecar is shutting down\.[^\n]*\}\n\n/);
    assert.doesNotMatch(text(), /\[DONE\]/);
    assert.equal(failure(), undefined);
  }
  await until('the provider sees the end of each call', () => aborted(here.provider) === 20);
  await assertAllGivenBack(here);
});
