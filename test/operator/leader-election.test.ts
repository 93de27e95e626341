import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeClient } from '#operator/kube/kube-client';
import { LeaderElection } from '#operator/kube/leader-election';
import { createLog } from '#operator/telemetry/log';
import { requireApiServer } from '#test/support/api-server';
import { eventually } from './eventually.ts';
import { directAccess } from './faulty-api.ts';

test('LeaderElection lets one of two lead, and the other as soon as the first leaves', async (t) => {
  const server = await requireApiServer(t);
  if (!server) return;
  const namespace = await server.createNamespace();
  const client = new KubeClient(directAccess(server));
  const candidate = (identity: string) =>
    new LeaderElection({ client, namespace, name: 'lock', identity, log: createLog('silent'), onChange: () => {} });
  const [a, b] = [candidate('a'), candidate('b')];
  t.after(async () => {
    await Promise.all([a.close(), b.close()]);
    await client.close();
  });
  a.start();
  await eventually('the first to lead', () => a.leads);
  b.start();
  const lease = await server.request({ path: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/lock` });
  assert.equal((lease.body as { spec: { holderIdentity: string } }).spec.holderIdentity, 'a');
  assert.equal(b.leads, false);
  await a.close();
  assert.equal(a.leads, false);
  await eventually('the second to lead', () => b.leads);
});
