/** Who changed what, on a real API server with the rights and the webhook of the chart: through admission, watch and history to `remora audit`. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PRICE_BOOK } from '#contract/compile/price-book';
import { type PriceBook, priceBookVersion } from '#contract/compile/price-book-schema';
import type { AuditRecordJson } from '#contract/history/render-audit';
import { API_GROUP_VERSION, HISTORY_AUDIENCE } from '#contract/names/api';
import { pathOf, remoraType, VALIDATING_WEBHOOK } from '#operator/kube/resource-type';
import { runRemora } from '#test/cli/remora-process';
import { eventually } from '#test/operator/eventually';
import { measuring } from '#test/operator/measuring';
import { configurationFor } from '#test/operator/validating';
import type { RunningOperator } from '#test/operator/world';
import { messageOf } from '#test/support/api-server';
import { tokenOf } from './chart-objects.ts';
import { bind, finance, open, operatorOf, outside, type Place, publish } from './place.ts';

const WRONG = { rules: [{ when: "caller.tema == 'a'", targets: [{ model: 'mock/echo' }] }] };
const limit = (usd: number) => ({ limits: [{ name: 'month', usd, every: 'Month' }] });

interface Stage extends Place {
  /** As a person with all rights, known by this name. */
  as(user: string): {
    apply(name: string, spec: object, query?: string): Promise<void>;
    remove(name: string): Promise<void>;
  };
  operator(): Promise<RunningOperator>;
  /** From now on the API server asks this port. */
  asksAt(port: number): Promise<void>;
  /** Newest first, of AIBudgets. */
  records(query?: string): Promise<readonly AuditRecordJson[]>;
}

async function stage(t: TestContext): Promise<Stage | undefined> {
  const place = await open(t);
  if (place === undefined) return undefined;
  const { world, get } = place;
  const { server, namespace } = world;
  const webhook = `audit-${namespace}`;
  const reader = await tokenOf(world, `${place.name}-audit-reader`, [HISTORY_AUDIENCE]);
  const send = async (user: string, method: 'PATCH' | 'DELETE', path: string, body?: object): Promise<void> => {
    const headers = {
      ...{ 'impersonate-user': user, 'impersonate-group': 'system:masters' },
      'content-type': method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json',
    };
    const answer = await server.request({ method, path, headers, ...(body && { body }) });
    assert.ok(answer.status < 300, messageOf(answer));
  };
  const pathOfBudget = (name: string): string => pathOf(remoraType('AIBudget'), { namespace, name });
  const probe = pathOf(remoraType('AIRoute'), { namespace });
  /** Whether a wrong object is refused. */
  const isAsked = async (): Promise<boolean> => {
    const body = { apiVersion: API_GROUP_VERSION, kind: 'AIRoute', metadata: { name: 'probe' }, spec: WRONG };
    const { status } = await server.request({ method: 'POST', path: probe, body });
    if (status === 201) await server.request({ method: 'DELETE', path: `${probe}/probe` });
    return status === 422;
  };
  let isMade = false;
  return {
    ...place,
    as: (user) => ({
      apply: (name, spec, query = '') =>
        send(user, 'PATCH', `${pathOfBudget(name)}?fieldManager=test&force=true${query}`, {
          ...{ apiVersion: API_GROUP_VERSION, kind: 'AIBudget', metadata: { name }, spec },
        }),
      remove: (name) => send(user, 'DELETE', pathOfBudget(name)),
    }),
    operator: () => operatorOf(place, { REMORA_WEBHOOK_CONFIGURATION: webhook }),
    async asksAt(port) {
      const path = pathOf(VALIDATING_WEBHOOK);
      const body = configurationFor(world, webhook, port) as { webhooks: object[] };
      if (!isMade) await world.send('POST', path, body);
      else {
        const url = `https://localhost:${port}/validate`;
        const patch = [{ op: 'replace', path: '/webhooks/0/clientConfig/url', value: url }];
        const headers = { 'content-type': 'application/json-patch+json' };
        await server.request({ method: 'PATCH', path: `${path}/${webhook}`, headers, body: patch });
      }
      if (!isMade) t.after(() => server.request({ method: 'DELETE', path: `${path}/${webhook}` }));
      const wasMade = isMade;
      isMade = true;
      await eventually('the API server asks there', async () => (await isAsked()) !== (wasMade && port === DEAD_PORT));
    },
    async records(query = '') {
      const { status, text } = await get(`/v1/audit?kind=AIBudget${query}`, reader);
      assert.equal(status, 200, text);
      return JSON.parse(text).records;
    },
  };
}

/** Nobody listens there. */
const DEAD_PORT = 1;

const changesOf = ({ changes }: AuditRecordJson): string =>
  changes.map(({ path, from, to }) => `${path} ${from} ${to}`).join();

test('who changed and deleted an AIBudget is known, and what; what nobody saw asked for has no actor, and a dry run leaves nothing', async (t) => {
  const staged = await stage(t);
  if (staged === undefined) return;
  const { as, records, asksAt } = staged;
  const first = await staged.operator();
  await asksAt(first.ports.webhook);
  await as('ann@example.com').apply('caps', limit(100));
  await as('dry@example.com').apply('caps', limit(7), '&dryRun=All');
  await as('ben@example.com').apply('caps', limit(250));
  await as('ben@example.com').apply('caps', { ...limit(250), stop: true, stopReason: 'it runs wild' });
  await as('cleo@example.com').remove('caps');
  const all = await eventually('four records', async () => {
    const some = await records('&name=caps');
    return some.length >= 4 && some.every(({ actor }) => actor !== '') && some;
  });
  assert.deepEqual(
    all.map(({ actor, action, generation }) => [actor, action, generation]),
    [
      ['cleo@example.com', 'resumed', 3],
      ['ben@example.com', 'stopped', 3],
      ['ben@example.com', 'changed', 2],
      ['ann@example.com', 'created', 1],
    ],
  );
  const [deletion = '', stop, raise, creation = ''] = all.map(changesOf);
  assert.match(deletion, /^\/spec\/limits \[.*"usd":250.*\] undefined,.*\/spec\/stop true undefined/);
  assert.equal(stop, '/spec/stop false true,/spec/stopReason undefined "it runs wild"');
  assert.equal(raise, '/spec/limits/0/usd 100 250');
  assert.match(creation, /^\/spec\/limits undefined \[.*"usd":100/);

  await asksAt(DEAD_PORT);
  await as('dan@example.com').apply('quiet', limit(5));
  const [quiet] = await eventually('a record', async () => {
    const some = await records('&name=quiet');
    return some.length === 1 && some;
  });
  assert.deepEqual([quiet?.actor, quiet?.action], ['', 'created']);

  await asksAt(first.ports.webhook);
  await as('eve@example.com').apply('gone', limit(5));
  await eventually('a record', async () => (await records('&name=gone')).length === 1);
  await first.close();
  await as('eve@example.com').apply('quiet', limit(6));
  await as('eve@example.com').apply('quiet', limit(7));
  await as('eve@example.com').remove('gone');
  const second = await staged.operator();
  const [later] = await eventually('the change', async () => {
    const some = await records('&name=quiet');
    return some.length === 2 && some;
  });
  assert.deepEqual([later?.actor, later?.action, later && changesOf(later)], ['', 'changed', '/spec/limits/0/usd 5 7']);
  assert.deepEqual([later?.fromGeneration, later?.generation], [1, 3]);
  const [deleted] = await eventually('the deletion', async () => {
    const some = await records('&name=gone');
    return some.length === 2 && some;
  });
  assert.deepEqual([deleted?.actor, deleted?.action], ['', 'deleted']);
  assert.deepEqual(await records('&actor=dry@example.com'), []);
  assert.equal((await records()).length, 8);
  const metrics = await (await fetch(`http://127.0.0.1:${second.ports.health}/metrics`)).text();
  assert.match(metrics, /^remora_operator_audit_dropped_total 0$/m);
});

test('a deletion that a finalizer holds up is one record when it is over, and that of whoever asked for it', async (t) => {
  const staged = await stage(t);
  if (staged === undefined) return;
  const { as, records, asksAt, world } = staged;
  const operator = await staged.operator();
  await asksAt(operator.ports.webhook);
  await as('ann@example.com').apply('held', limit(1));
  const path = pathOf(remoraType('AIBudget'), { namespace: world.namespace, name: 'held' });
  const headers = { 'content-type': 'application/merge-patch+json' };
  const finalize = (finalizers: readonly string[] | null) =>
    world.server.request({ method: 'PATCH', path, headers, body: { metadata: { finalizers } } });
  await finalize(['example.com/wait']);
  await as('fay@example.com').remove('held');
  await as('gus@example.com').apply('other', limit(1));
  await eventually('what came after it', async () => (await records()).some(({ name }) => name === 'other'));
  assert.equal((await records('&name=held')).length, 1);
  await finalize(null);
  const [deleted] = await eventually('the deletion', async () => {
    const some = await records('&name=held');
    return some.length === 2 && some;
  });
  assert.deepEqual([deleted?.actor, deleted?.action], ['fay@example.com', 'deleted']);
});

test('remora audit names who changed what as a table, CSV and JSON, page by page, to whom the Role of the chart lets', async (t) => {
  const staged = await stage(t);
  const ip = outside();
  if (staged === undefined || ip === undefined) return;
  const { as, records, asksAt, world, name, folder } = staged;
  await publish(staged, ip);
  // Both tell what they see; one is told who asks.
  const operator = await staged.operator();
  await staged.operator();
  await asksAt(operator.ports.webhook);
  await as('ann@example.com').apply('caps', limit(100));
  await as('=cmd|calc').apply('caps', limit(250));
  await eventually('two records', async () => (await records()).filter(({ actor }) => actor !== '').length === 2);
  assert.equal((await records()).length, 2);
  const kubeconfig = await finance(world, folder);
  const remora = (...args: readonly string[]) =>
    runRemora(t, ['audit', ...args, '--operator', `${world.namespace}/${name}`, '--kubeconfig', kubeconfig]);
  const refused = await remora();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, new RegExp(`create rolebinding ${name}-audit-readers --role=${name}-audit-reader `));
  await bind(world, `${name}-audit-reader`);
  const table = await remora('--kind', 'aib', '-n', world.namespace, '--limit', '1');
  const line = new RegExp(
    `^TIME +ACTOR +ACTION +OBJECT +CHANGES\\n20\\S+Z +=cmd.calc +changed +AIBudget ${world.namespace}/caps +/spec/limits/0/usd: 100 -> 250\\nThe 1 newest`,
  );
  assert.match(table.stdout, line, table.stderr);
  const csv = await remora('--name', 'caps', '--since', '1h', '--format', 'csv');
  assert.match(csv.stdout, /^time,actor,action,kind,.*\r\n20[^,]+Z,'=cmd\|calc,changed,AIBudget,/, csv.stderr);
  const json = await remora('--actor', 'ann@example.com', '--format', 'json');
  assert.deepEqual(
    JSON.parse(json.stdout).records.map(({ actor, action }: AuditRecordJson) => [actor, action]),
    [['ann@example.com', 'created']],
  );
  assert.equal(
    (await remora('--actor', '', '--kind', 'AIBudget')).stdout,
    'Nothing is recorded of what was asked for.\n',
  );
  const wrong = await remora('--since', 'yesterday');
  assert.deepEqual([wrong.code, wrong.stderr.slice(0, 14)], [1, 'since: must be']);
  assert.match((await remora('--kind', 'Pod')).stderr, /^--kind Pod must be one of AIProvider, /);
});

test('what the operator decides by itself is recorded: a variant promoted, a price book refused and one taken', async (t) => {
  const place = await open(t);
  if (place === undefined) return;
  const { world, name, get } = place;
  const data = (text: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', data: { 'prices.json': text } });
  const path = `/api/v1/namespaces/${world.namespace}/configmaps/book`;
  await world.send('PATCH', path, { ...data('no book'), metadata: { name: 'book' } });
  const operator = await operatorOf(place, {
    ...{ REMORA_PRICE_BOOK_CONFIG_MAP: 'book/prices.json', REMORA_PRICE_BOOK_EVERY: '50ms' },
  });
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  const variant = { name: 'small', percent: 5, target: { model: 'mock/small' } };
  const promote = { maxErrorPercent: 5, minRequests: 100 };
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'mock/large' }], variants: [{ ...variant, promote }] });
  await measuring(world, operator, 'app-1', { requests: 100 });
  const auditor = await tokenOf(world, `${name}-audit-reader`, [HISTORY_AUDIENCE]);
  const recordOf = (action: string): Promise<AuditRecordJson> =>
    eventually(action, async () => {
      const { text } = await get(`/v1/audit?action=${action}`, auditor);
      return (JSON.parse(text).records as AuditRecordJson[])[0];
    });
  const promoted = await recordOf('promoted');
  assert.equal(promoted.actor, `system:serviceaccount:${world.namespace}:${name}`);
  assert.deepEqual([promoted.kind, promoted.name], ['AIRoute', 'chat']);
  assert.match(promoted.outcome, /^All requests go to variant small of rule .*: 0 of 100 requests failed/);
  assert.match((await recordOf('priceBookRefused')).outcome, /^Kept the price book .*it is not JSON/);
  const book: PriceBook = { ...PRICE_BOOK, date: new Date().toISOString().slice(0, 10), prices: {} };
  await world.send('PATCH', path, { ...data(JSON.stringify(book)), metadata: { name: 'book' } });
  const [change] = (await recordOf('priceBookTaken')).changes;
  assert.deepEqual(
    [change?.from, change?.to],
    [PRICE_BOOK, book].map((one) => JSON.stringify(priceBookVersion(one))),
  );
});
