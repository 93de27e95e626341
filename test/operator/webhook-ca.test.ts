import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeClient } from '#operator/kube/kube-client';
import { MUTATING_WEBHOOK } from '#operator/kube/resource-type';
import { WebhookCa } from '#operator/kube/webhook-ca';
import { createLog } from '#operator/telemetry/log';
import { requireApiServer } from '#test/support/api-server';
import { eventually } from './eventually.ts';
import { directAccess } from './faulty-api.ts';

const PATH = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

test('WebhookCa sets the CA of every webhook and puts it back when somebody takes it away', async (t) => {
  const server = await requireApiServer(t);
  if (!server) return;
  const name = 'remora-webhook-ca-test';
  const service = { namespace: 'none', name: 'none', path: '/inject' };
  const webhook = (webhookName: string) => ({
    name: webhookName,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Ignore',
    clientConfig: { service },
    // Never called: no such object is made here.
    rules: [{ apiGroups: ['none.remora.dev'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] }],
  });
  const body = { metadata: { name }, webhooks: [webhook('a.remora.dev'), webhook('b.remora.dev')] };
  const created = await server.request({ method: 'POST', path: PATH, body });
  assert.equal(created.status, 201, JSON.stringify(created.body));

  const client = new KubeClient(directAccess(server));
  const caPem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const { tls } = await directAccess(server).credentials();
  const webhookCa = new WebhookCa({
    client,
    name,
    type: MUTATING_WEBHOOK,
    caPem: String(tls.ca ?? caPem),
    log: createLog('silent'),
  });
  t.after(async () => {
    await webhookCa.close();
    await client.close();
    await server.request({ method: 'DELETE', path: `${PATH}/${name}` });
  });
  type Bundles = { webhooks: { clientConfig: { caBundle?: string; service: unknown } }[] };
  const bundles = async () =>
    ((await server.request({ path: `${PATH}/${name}` })).body as Bundles).webhooks.map((one) => one.clientConfig);
  const allSet = async () => (await bundles()).every(({ caBundle }) => caBundle !== undefined);
  webhookCa.start();
  await eventually('the CA', allSet);
  assert.deepEqual((await bundles())[0]?.service, { ...service, port: 443 });

  const patch = { webhooks: body.webhooks };
  const path = `${PATH}/${name}`;
  const headers = { 'content-type': 'application/merge-patch+json' };
  await server.request({ method: 'PATCH', path, headers, body: patch });
  await eventually('the CA again', allSet);
});
