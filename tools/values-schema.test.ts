import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { OPERATOR_ENV } from '#contract/names/operator-env';
import { locateBinaries } from '#test/support/kube-binaries';
import { VALUES_SCHEMA_PATH, valuesSchemaFile } from './values-schema.ts';

const root = join(import.meta.dirname, '..');

test('the chart carries the version of the package', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const chart = parse(readFileSync(join(root, 'charts/remora/Chart.yaml'), 'utf8')) as Record<string, string>;
  assert.deepEqual([chart.version, chart.appVersion], [version, version]);
});

test('every value of the chart is in its schema and the schema refuses others', () => {
  const schema = JSON.parse(valuesSchemaFile().get(VALUES_SCHEMA_PATH) ?? '') as {
    properties: Record<string, unknown>;
    additionalProperties: boolean;
  };
  const values = parse(readFileSync(join(root, 'charts/remora/values.yaml'), 'utf8')) as Record<string, unknown>;
  assert.equal(schema.additionalProperties, false);
  const { global: _, ...properties } = schema.properties;
  assert.deepEqual(Object.keys(properties), Object.keys(values));
});

interface Manifest {
  readonly kind: string;
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly [{ readonly env: EnvVar[] }] } };
  };
}

interface EnvVar {
  readonly name: string;
}

const helmFolder = locateBinaries(['helm']);
const run = promisify(execFile);

/** The operator's variables as the chart with these values renders them. Rejects with what helm says. */
async function rendered(...settings: readonly string[]): Promise<readonly EnvVar[]> {
  const values = settings.flatMap((setting) => ['--set', setting]);
  const args = ['template', 'remora', join(root, 'charts/remora'), '-n', 'remora-system', ...values];
  const { stdout } = await run(join(helmFolder ?? '', 'helm'), args, { timeout: 60_000 });
  const manifests = parseAllDocuments(stdout).map((document) => document.toJS() as Manifest | null);
  const [container] =
    manifests.find((manifest) => manifest?.kind === 'Deployment')?.spec.template.spec.containers ?? [];
  return container?.env ?? [];
}

const renderedGrantStore = async (...settings: readonly string[]): Promise<EnvVar | undefined> =>
  (await rendered(...settings)).find(({ name }) => name === OPERATOR_ENV.grantStore);

const skip =
  helmFolder === undefined && 'no helm here: set REMORA_KUBE_BIN, or run npm run test:cluster, which gets it';

test('the chart gives the grant store to the operator as it stands or out of a Secret', { skip }, async () => {
  const name = OPERATOR_ENV.grantStore;
  assert.deepEqual(await renderedGrantStore(), { name, value: 'cluster:' });
  assert.deepEqual(await renderedGrantStore('grantStore.url=', 'grantStore.secretRef.name=store'), {
    name,
    valueFrom: { secretKeyRef: { name: 'store', key: 'url' } },
  });
});

test('helm refuses two grant stores, none, one that is unknown, and one that replicas cannot share', {
  skip,
}, async () => {
  const refused = /values don't meet the specifications of the schema.*at '\/grantStore'/s;
  await assert.rejects(renderedGrantStore('grantStore.secretRef.name=store'), refused);
  await assert.rejects(renderedGrantStore('grantStore.url='), refused);
  await assert.rejects(renderedGrantStore('grantStore.url=etcd://etcd:2379'), refused);
  await assert.rejects(renderedGrantStore('grantStore.url=file:/books'), refused);
  await assert.rejects(
    renderedGrantStore('grantStore.url=', 'grantStore.secretRef.name=store', 'grantStore.secretRef.key='),
    refused,
  );
});

test('the chart gives the operator the one place of a price book that is stated, and helm refuses two', {
  skip,
}, async () => {
  const { priceBookUrl, priceBookConfigMap, priceBookEvery } = OPERATOR_ENV;
  const stated = async (...settings: readonly string[]) =>
    (await rendered(...settings)).filter(({ name }) =>
      [priceBookUrl, priceBookConfigMap, priceBookEvery].includes(name as never),
    );
  assert.deepEqual(await stated(), [{ name: priceBookEvery, value: '1h' }]);
  const url = 'https://prices.example.com/book.json';
  assert.deepEqual(await stated(`priceBook.url=${url}`, 'priceBook.every=10m'), [
    { name: priceBookUrl, value: url },
    { name: priceBookEvery, value: '10m' },
  ]);
  assert.deepEqual(await stated('priceBook.configMapRef.name=prices'), [
    { name: priceBookConfigMap, value: 'prices/prices.json' },
    { name: priceBookEvery, value: '1h' },
  ]);
  const refused = /values don't meet the specifications of the schema.*at '\/priceBook'/s;
  await assert.rejects(rendered(`priceBook.url=${url}`, 'priceBook.configMapRef.name=prices'), refused);
  await assert.rejects(rendered('priceBook.every=often'), refused);
});

const history = async (...settings: readonly string[]) =>
  (await rendered(...settings)).filter(({ name }) =>
    [OPERATOR_ENV.history, OPERATOR_ENV.historyTokenFile].includes(name as never),
  );

test('the chart has one pod keep the history in a file, or each replica in PostgreSQL, or nobody', {
  skip,
}, async () => {
  const { history: name, historyTokenFile } = OPERATOR_ENV;
  assert.deepEqual(await history(), [
    { name, value: 'https://remora-history.remora-system.svc:24113' },
    { name: historyTokenFile, value: '/var/run/secrets/remora.dev/history/token' },
  ]);
  assert.deepEqual(await history('history.url=postgres://remora@db/usage'), [
    { name, value: 'postgres://remora@db/usage' },
  ]);
  assert.deepEqual(await history('history.url=', 'history.secretRef.name=usage'), [
    { name, valueFrom: { secretKeyRef: { name: 'usage', key: 'url' } } },
  ]);
  assert.deepEqual(await history('history.url=none:'), [{ name, value: 'none:' }]);
});

test('helm refuses a history that is none, two of them, and one that replicas would not share', { skip }, async () => {
  const refused = /values don't meet the specifications of the schema.*at '\/history'/s;
  await assert.rejects(history('history.url='), refused);
  await assert.rejects(history('history.secretRef.name=usage'), refused);
  await assert.rejects(history('history.url=sqlite:/data/history.db'), refused);
  await assert.rejects(history('history.persistence.size=much'), refused);
});
