import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Cluster } from '#cli/kube/cluster';
import type { ExplainedBudget, Explanation } from '#sidecar/pipeline/explain/explanation';
import { withRemaining } from './remaining.ts';

const limit = (name: string, remaining: string) => ({
  ...{ name, spent: '0', granted: '0', remaining, percent: 0, windowEnd: '' },
});
const OBJECTS: Readonly<Record<string, object>> = {
  '/apis/remora.dev/v1alpha1/namespaces/demo/airoutes/team': {
    metadata: { name: 'team', namespace: 'demo' },
    status: { limits: [limit('day', '4.00 USD')] },
  },
  '/apis/remora.dev/v1alpha1/namespaces/demo/aibudgets/team': {
    metadata: { name: 'team', namespace: 'demo' },
    status: { limits: [limit('day', '3.00 USD'), limit('each', '9 tokens')] },
  },
};

test('withRemaining() adds what the status of budgets says is left, and nothing where it cannot be read or is of one partition', async (t) => {
  const server = createServer(({ url = '' }, response) => {
    const object = OBJECTS[url];
    response.writeHead(object === undefined ? 403 : 200).end(JSON.stringify(object ?? { message: 'forbidden' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const access = async () => ({ headers: {}, dispatcher: undefined });
  const cluster = new Cluster({ server: `http://127.0.0.1:${port}`, namespace: 'demo', access });
  const row = (budget: string, name: string, more: Partial<ExplainedBudget> = {}): ExplainedBudget => ({
    ...{ budget, limit: name, amount: '$5.00', every: 'Day', until: '', held: '$0.00' },
    ...more,
  });
  const budgets = [
    row('demo/team', 'day'),
    row('demo/team', 'each', { per: ['user'] }),
    row('demo/team', 'gone'),
    row('demo/team', 'day', { kind: 'AIRoute' }),
    row('demo/team', 'day', { kind: 'AIProvider' }),
    row('other/hidden', 'day'),
    row('demo/team', 'day', { remaining: '$1.00' }),
  ];
  const explanation = { targets: [{ target: 'a/b', budgets }] } as unknown as Explanation;
  const { targets } = await withRemaining(explanation, cluster);
  assert.deepEqual(
    targets[0]?.budgets.map(({ remaining }) => remaining),
    ['3.00 USD', undefined, undefined, '4.00 USD', undefined, undefined, '$1.00'],
  );
});
