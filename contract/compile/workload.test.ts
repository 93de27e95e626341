import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_GROUP_VERSION } from '#contract/names/api';
import { ResourceIndex } from './resource-index.ts';
import { selectingLabels } from './workload.ts';

const object = (kind: string, namespace: string, spec: object) => ({
  apiVersion: API_GROUP_VERSION,
  kind,
  metadata: { name: `${kind.toLowerCase()}-${namespace}`, namespace },
  spec,
});
const asks = (label: string) => `caller.labels['${label}'] == 'a'`;
const route = (namespace: string, label: string) =>
  object('AIRoute', namespace, { rules: [{ when: asks(label), targets: [{ model: 'mock/echo' }] }] });
const policy = (namespace: string, label: string) =>
  object('AIPolicy', namespace, {
    require: [{ when: asks(label), tags: ['eu'] }],
    priority: [{ when: asks(`${label}-class`), class: 'Low' }],
  });

test('pods are told apart by labels that expressions ask for, and by no label of another namespace', () => {
  const index = new ResourceIndex({ platformNamespaces: ['platform'] });
  const selecting = (namespace: string) => [...selectingLabels(index.snapshot()).of(namespace)].sort();
  const before = selectingLabels(index.snapshot()).key;
  index.apply(route('a', 'of-route'));
  index.apply(policy('b', 'of-policy'));
  index.apply(policy('platform', 'of-all'));
  index.apply(
    object('AIPolicy', 'c', { appliesTo: { workloads: { matchLabels: { app: 'bot' } } }, models: { deny: ['*'] } }),
  );
  assert.deepEqual(selecting('a'), ['of-all', 'of-all-class', 'of-route']);
  assert.deepEqual(selecting('b'), ['of-all', 'of-all-class', 'of-policy', 'of-policy-class']);
  assert.deepEqual(selecting('c'), ['app', 'of-all', 'of-all-class']);
  assert.deepEqual(selecting('d'), ['of-all', 'of-all-class']);
  assert.notEqual(selectingLabels(index.snapshot()).key, before);
});

test('labels that nobody asks for part nobody, and what is asked for anew is told', () => {
  const index = new ResourceIndex({ platformNamespaces: ['platform'] });
  index.apply(object('AIRoute', 'a', { targets: [{ model: 'mock/echo' }] }));
  const key = () => selectingLabels(index.snapshot()).key;
  const none = key();
  assert.deepEqual([...selectingLabels(index.snapshot()).of('a')], []);
  index.apply(route('b', 'tier'));
  const asked = key();
  assert.notEqual(asked, none);
  index.delete('AIRoute/b/airoute-b');
  assert.equal(key(), none);
});
