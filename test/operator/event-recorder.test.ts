/** Events before a real API server, where it refuses them, too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KIND } from '#contract/names/api';
import { EventRecorder } from '#operator/kube/event-recorder';
import { KubeClient } from '#operator/kube/kube-client';
import { createLog } from '#operator/telemetry/log';
import { requireApiServer } from '#test/support/api-server';
import { eventually } from './eventually.ts';
import { directAccess } from './faulty-api.ts';

test('an Event that a namespace takes no more since it is being deleted is no warning, and any other refusal is one', async (t) => {
  const server = await requireApiServer(t);
  if (!server) return;
  const namespace = await server.createNamespace();
  const lines: { readonly level: string; readonly reason: string }[] = [];
  const client = new KubeClient(directAccess(server));
  t.after(() => client.close());
  const log = createLog('debug', { write: (line) => void lines.push(JSON.parse(line)) });
  const events = new EventRecorder({ client, log, instance: 'operator-1' });
  const about = { kind: KIND.budget, name: 'caps', uid: 'b6f0a8a5-8f25-4a53-9c1c-6d8f3c2f0f11' };
  const note = { type: 'Normal', action: 'Compile', note: 'A note.' } as const;
  await server.request({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` });
  events.record({ ...about, namespace }, { ...note, reason: 'Terminating' });
  events.record({ ...about, namespace: 'was-never-there' }, { ...note, reason: 'NoNamespace' });
  await eventually('both refusals', () => lines.length === 2);
  const levels = Object.fromEntries(lines.map(({ reason, level }) => [reason, level]));
  assert.deepEqual(levels, { NoNamespace: 'warn', Terminating: 'debug' });
});
