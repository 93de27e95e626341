import assert from 'node:assert/strict';
import { journey, RELEASE } from '#test/cluster/journey';
import { remoraInstalled } from '#test/cluster/setup';

journey('one helm install brings the CRDs, the operator and its webhooks', async ({ cluster }) => {
  await remoraInstalled();
  const crds = await cluster.kubectl(['get', 'crds', '-o', 'name']);
  for (const plural of ['aiproviders', 'airoutes', 'aibudgets', 'aipolicies', 'aikeys'])
    assert.ok(crds.includes(`/${plural}.remora.dev\n`), plural);
  const ready = await cluster.kubectl([
    ...['-n', RELEASE.namespace, 'get', `deployment/${RELEASE.name}`, '-o', 'jsonpath={.status.readyReplicas}'],
  ]);
  assert.equal(ready, '2');
  const notes = await cluster.helm(['get', 'notes', RELEASE.name, '-n', RELEASE.namespace]);
  assert.match(notes, /kubectl .*annotate deployment .*remora\.dev\/inject=true/);
});
