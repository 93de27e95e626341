/** A sidecar that is stopped for a while, by a signal or for want of a processor, holds nobody else responsible for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AttemptEnd, TargetHealth } from '#sidecar/pipeline/health/target-health';
import { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { CHAT, post } from './raw-http.ts';
import { startIngress } from './start-ingress.ts';
import { until } from './start-sidecar.ts';

test('requests that are under way while the process stands still for a minute are answered, and no timeout or slowness is told of the target', async (t) => {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const resumed = Promise.withResolvers<void>();
  provider.respondWith({ holdHead: resumed.promise });
  const clock = { nowMs: 0 };
  const deadlines = new Deadlines(() => clock.nowMs);
  const ends: AttemptEnd[] = [];
  const health = new TargetHealth([{ isUnfit: () => false, attempted: (_, end) => void ends.push(end) }]);
  const url = await startIngress(t, { endpoint: provider.url, deadlines, health });
  const answers = Array.from({ length: 6 }, () => post(url, CHAT));
  await until(() => provider.requests.length === 6, 'the provider has them all');
  clock.nowMs += 60_000;
  deadlines.tick();
  resumed.resolve();
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
  assert.equal(provider.requests.length, 6, 'none was sent again');
  assert.equal(ends.length, 6);
  for (const end of ends) assert.ok(end.kind === 'ok' && end.firstContentMs < 1_000, JSON.stringify(end));
});
