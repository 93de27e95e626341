import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResourceIndex } from '#contract/compile/resource-index';
import type { PushedPolicy } from '#operator/push/prepared-policy';
import { createLog } from '#operator/telemetry/log';
import { createMetrics } from '#operator/telemetry/metrics';
import { injectedPod } from '#test/support/injected-pod';
import { PolicyPublisher } from './policy-publisher.ts';
import { Workloads } from './workloads.ts';

const provider = {
  kind: 'AIProvider',
  metadata: { namespace: 'support', name: 'openai', uid: 'p1', generation: 1 },
  spec: { type: 'OpenAI', auth: { secretRef: { name: 'openai', key: 'api-key' } } },
};
const route = {
  kind: 'AIRoute',
  metadata: { namespace: 'support', name: 'chat', uid: 'r1', generation: 1 },
  spec: { targets: [{ model: 'openai/gpt-4o' }] },
};

function rig() {
  const index = new ResourceIndex({ platformNamespaces: ['remora-system'] });
  const workloads = new Workloads({ labelsOf: () => undefined, selecting: () => new Set() });
  const values = new Map([['api-key', 'one']]);
  const pushed: PushedPolicy[] = [];
  const removed: string[] = [];
  const reading = new Set<string>();
  index.apply(provider);
  index.apply(route);
  index.applySecretKeys('support', 'openai', values.keys());
  const publisher = new PolicyPublisher({
    index,
    workloads,
    secrets: { data: () => values },
    services: { isReading: (service) => reading.has(service) },
    push: {
      publish: (_key, policy) => void pushed.push(policy),
      remove: (key) => void removed.push(key),
    },
    metrics: createMetrics(),
    log: createLog('silent'),
    onPublished: () => undefined,
  });
  const [key = ''] = workloads.set(injectedPod('a'));
  return { index, workloads, values, pushed, removed, reading, publisher, key };
}

test('PolicyPublisher pushes a policy once, and again only when it or a credential is another one', () => {
  const { publisher, pushed, values, index, key } = rig();
  assert.equal(publisher.publish(key), true);
  assert.deepEqual([...(pushed[0]?.credentials ?? [])], [['support/openai/api-key', 'one']]);
  assert.equal(publisher.publish(key), false);
  values.set('api-key', 'two');
  assert.equal(publisher.publish(key), true);
  index.apply({ ...route, metadata: { ...route.metadata, generation: 2 } });
  assert.equal(publisher.publish(key), true);
  assert.equal(publisher.wanted(key)?.sources.get('r1'), 2);
  assert.equal(pushed.length, 3);
});

test('PolicyPublisher sends the key that callbacks are signed with beside the policy, and follows it', () => {
  const { publisher, pushed, values, index, key } = rig();
  const callback = { allow: ['https://hooks.example.com'], signingSecretRef: { name: 'hooks', key: 'signing-key' } };
  index.apply({ ...route, spec: { ...route.spec, callback }, metadata: { ...route.metadata, generation: 2 } });
  publisher.publish(key);
  assert.deepEqual([...(pushed.at(-1)?.credentials.keys() ?? [])], ['support/openai/api-key'], 'it is not there yet');
  values.set('signing-key', 'one');
  assert.equal(publisher.publish(key), true);
  assert.equal(pushed.at(-1)?.credentials.get('support/hooks/signing-key'), 'one');
  assert.doesNotMatch(JSON.stringify(pushed.at(-1)?.policy), /"one"/);
});

test('PolicyPublisher waits for the first answer about a Service, so that a pool that serves does not go away for a moment', () => {
  const { publisher, pushed, index, reading, key } = rig();
  const spec = { type: 'OpenAICompatible', service: { name: 'vllm', port: 8000 } };
  index.apply({ ...provider, spec });
  reading.add('support/vllm');
  publisher.noteJoined(key);
  assert.equal(publisher.publish(key), false);
  reading.clear();
  const api = { name: '', port: 8000, ready: ['10.0.0.1:8000'], cut: 0 };
  index.applyService('support', 'vllm', { ports: [api] });
  assert.equal(publisher.publish(key), true);
  assert.deepEqual(
    pushed.map(({ policy }) => policy.providers[0]?.endpoints),
    [['http://10.0.0.1:8000/v1']],
  );
  const sources = publisher.wanted(key)?.sources;
  index.applyService('support', 'vllm', { ports: [{ ...api, ready: [] }] });
  assert.equal(publisher.publish(key), true, 'other endpoints are another policy');
  assert.deepEqual(pushed[1]?.policy.providers[0]?.endpoints, []);
  assert.deepEqual(publisher.wanted(key)?.sources, sources, 'of the same generations, which is what Programmed counts');
});

test('PolicyPublisher tells the push server again when a pod joined, since its stream came from another workload', () => {
  const { publisher, pushed, key } = rig();
  publisher.publish(key);
  publisher.noteJoined(key);
  assert.equal(publisher.publish(key), true);
  assert.equal(pushed[0]?.hash, pushed[1]?.hash);
});

test('PolicyPublisher takes a workload away with its last pod', () => {
  const { publisher, workloads, removed, key } = rig();
  publisher.publish(key);
  workloads.remove('a');
  publisher.publish(key);
  publisher.publish(key);
  assert.deepEqual(removed, [key]);
});

test('PolicyPublisher never loosens: an AIPolicy that is wrong now and whose former content is unknown holds the push back', () => {
  const { publisher, pushed, index, key } = rig();
  const policy = (generation: number, patterns: string[]) => ({
    kind: 'AIPolicy',
    metadata: { namespace: 'remora-system', name: 'organisation', uid: 'o1', generation },
    spec: { guardrails: [{ name: 'words', stage: 'Output', patterns, action: 'Block' }] },
  });
  index.apply(policy(2, ['secret-.*']));
  assert.equal(publisher.publish(key), false);
  assert.equal(pushed.length, 0);
  index.apply(policy(3, ['secret-[a-z]{1,20}']));
  assert.equal(publisher.publish(key), true);
  assert.deepEqual(pushed[0]?.policy.guardrails[0]?.patterns, ['secret-[a-z]{1,20}']);
  index.apply(policy(4, ['secret-.*']));
  assert.equal(publisher.publish(key), false, 'the content before the wrong edit is known and stays in force');
});

test('PolicyPublisher is not held back by an AIBudget that was never right', () => {
  const { publisher, index, key } = rig();
  index.apply({
    kind: 'AIBudget',
    metadata: { namespace: 'support', name: 'b', uid: 'b1', generation: 1 },
    spec: { limits: [] },
  });
  assert.equal(publisher.publish(key), true);
});

test('PolicyPublisher pushes what stops a whole workload even while it knows too little to push anything else', () => {
  const { publisher, pushed, index, reading, key } = rig();
  index.apply({ ...provider, spec: { type: 'OpenAICompatible', service: { name: 'vllm', port: 8000 } } });
  reading.add('support/vllm');
  // Edited, wrong now, and never seen right by this process.
  index.apply({ kind: 'AIPolicy', metadata: { namespace: 'support', name: 'p', generation: 2 }, spec: { models: 1 } });
  assert.equal(publisher.publish(key), false);
  const budget = (stop: boolean) => ({
    kind: 'AIBudget',
    metadata: { namespace: 'support', name: 'wild', uid: 'b1', generation: stop ? 2 : 3 },
    spec: { limits: [{ name: 'all', tokens: 1, every: 'Day' }], stop },
  });
  index.apply(budget(true));
  assert.equal(publisher.publish(key), true);
  assert.deepEqual(pushed.at(-1)?.policy.budgets[0]?.stop, {});
  index.apply(budget(false));
  assert.equal(publisher.publish(key), false, 'what is undone waits for what is missing');
});
