/** Whoever watches targets is told how every attempt ended: also a success, and a stream that broke after its first content. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REAL_TIMERS } from '#sidecar/budget/timers';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { CredentialBroker } from '#sidecar/credentials/credential-broker';
import { processClock, processCloud } from '#sidecar/credentials/process-cloud';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { Jobs } from '#sidecar/jobs/jobs';
import { SharedHints } from '#sidecar/pipeline/health/shared-hints';
import { type AttemptEnd, TargetHealth } from '#sidecar/pipeline/health/target-health';
import { PolicyHolder } from '#sidecar/pipeline/policy/policy-holder';
import { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { Ingress } from '#sidecar/server/ingress';
import { Upstreams } from '#sidecar/upstream/upstreams';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import type { Script } from '#test/support/providers/script';
import { CHAT, post, STREAMED_CHAT } from './raw-http.ts';
import { OpenGate, policyOf } from './start-sidecar.ts';

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
  const broker = new CredentialBroker({
    cloud: { ...processCloud, now: Date.now, env: {} },
    clock: { ...processClock, random: () => 0 },
    onFailure: () => {},
  });
  const policies = new PolicyHolder({ compileGuardrails, health, hints: new SharedHints(() => 0), broker });
  const deadlines = new Deadlines();
  const upstream = new Upstreams(Date.now);
  const common = {
    ...{ policies, health, broker, upstream, deadlines, budgetGate: new OpenGate() },
    ...{ telemetry: { record: () => {} }, onFault: () => {}, now: Date.now, random: () => 0, newRequestId: () => 'r' },
    config: { ...DEFAULT_SIDECAR_CONFIG, ingress: { host: '127.0.0.1', port: 0 } },
  };
  const jobs = new Jobs({ ...common, timers: REAL_TIMERS, randomId: () => '0', onPostFailed: () => {} });
  const ingress = new Ingress({ ...common, jobs });
  const { port } = await ingress.listen();
  t.after(async () => deadlines.close());
  t.after(() => upstream.close());
  t.after(() => ingress.close({ deadlineMs: 0 }));
  policies.applyPolicy(
    policyOf({
      providers: { p: { type: 'OpenAI', endpoint: provider.url } },
      routes: [{ targets: [{ provider: 'p', maxRetries: 1 }] }],
    }),
    'hash',
  );
  await post(`http://127.0.0.1:${port}`, body).catch(() => {});
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
