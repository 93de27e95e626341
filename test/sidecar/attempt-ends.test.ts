/** Whoever watches targets is told how every attempt ended: also a success, and a stream that broke after its first content. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AttemptEnd, TargetHealth } from '#sidecar/pipeline/health/target-health';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import type { Script } from '#test/support/providers/script';
import { CHAT, post, STREAMED_CHAT } from './raw-http.ts';
import { startIngress } from './start-ingress.ts';

async function endsOf(
  t: { after(release: () => Promise<void>): void },
  body: string,
  scripts: readonly Script[],
): Promise<string[]> {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  provider.respondOnce(...scripts);
  const ends: AttemptEnd[] = [];
  const health = new TargetHealth([{ attempted: (_candidate, end) => void ends.push(end), isUnfit: () => false }]);
  const url = await startIngress(t, { endpoint: provider.url, health });
  await post(url, body).catch(() => {});
  for (const end of ends) if (end.kind === 'ok') assert.ok(end.firstContentMs > 0);
  return ends.map(({ kind }) => kind);
}

test('an attempt that answers is told as a success, plain and streamed', async (t) => {
  assert.deepEqual(await endsOf(t, CHAT, []), ['ok']);
  assert.deepEqual(await endsOf(t, STREAMED_CHAT, []), ['ok']);
});

test('an attempt that fails is told by its kind, and the retry that answers after it as a success', async (t) => {
  assert.deepEqual(await endsOf(t, CHAT, [{ fault: { kind: 'status', status: 503 } }]), ['overloaded', 'ok']);
});

test('a stream that breaks after its first content is told twice: as a success, then as a failure', async (t) => {
  assert.deepEqual(await endsOf(t, STREAMED_CHAT, [{ fault: { kind: 'cut', afterEvents: 3 } }]), ['ok', 'reset']);
});
