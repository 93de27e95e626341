import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig, serviceNames } from './config.ts';

test('readConfig() needs a namespace only; it is also the platform namespace', () => {
  const config = readConfig({ REMORA_NAMESPACE: 'remora-system' });
  assert.deepEqual(config.platformNamespaces, ['remora-system']);
  assert.equal(config.ports.push, 24110);
  assert.ok(serviceNames(config).includes('remora.remora-system.svc'));
});

test('readConfig() refuses a wrong value in one sentence that names it', () => {
  assert.throws(() => readConfig({}), /REMORA_NAMESPACE must name/);
  const env = { REMORA_NAMESPACE: 'x' };
  assert.throws(() => readConfig({ ...env, REMORA_LOG_LEVEL: 'loud' }), /REMORA_LOG_LEVEL must be one of trace/);
  assert.throws(
    () => readConfig({ ...env, REMORA_SIDECAR_MAX_REQUESTS: 'many' }),
    /REMORA_SIDECAR_MAX_REQUESTS must be a number from 1 to 99999, not "many"/,
  );
  assert.throws(() => readConfig({ ...env, REMORA_PUSH_PORT: 'http' }), /REMORA_PUSH_PORT must be a port, not "http"/);
});

test('readConfig() takes a grant store that it knows, and says which there are without a word of the wrong one', () => {
  const env = { REMORA_NAMESPACE: 'x' };
  const pod = { ...env, REMORA_POD_NAME: 'remora-0' };
  assert.equal(readConfig(pod).grantStore, 'cluster:');
  assert.equal(readConfig({ ...env, REMORA_GRANT_STORE: 'file:books' }).grantStore, 'file:books');
  assert.throws(
    () => readConfig({ ...env, REMORA_GRANT_STORE: 'none://:hunter2@none' }),
    ({ message }: Error) =>
      /^REMORA_GRANT_STORE must be cluster: or file:<folder>/.test(message) && !/hunter2/.test(message),
  );
  assert.throws(
    () => readConfig({ ...pod, REMORA_GRANT_STORE: 'file:/books' }),
    /^Error: REMORA_GRANT_STORE may be file:<folder> only outside a cluster, .*; in a pod it must be cluster:/,
  );
});

test('readConfig() takes one place of a price book, and a wrong one is refused', () => {
  const env = { REMORA_NAMESPACE: 'x' };
  const of = (more: Record<string, string>) => readConfig({ ...env, ...more }).priceBook;
  assert.equal(of({ REMORA_PRICE_BOOK_EVERY: '1h' }), undefined);
  const url = 'https://prices.example.com/book.json';
  assert.deepEqual(of({ REMORA_PRICE_BOOK_URL: url }), { place: { url }, everyMs: 3_600_000 });
  assert.deepEqual(of({ REMORA_PRICE_BOOK_CONFIG_MAP: 'prices/prices.json', REMORA_PRICE_BOOK_EVERY: '5m' }), {
    place: { configMap: 'prices', key: 'prices.json' },
    everyMs: 300_000,
  });
  assert.throws(() => of({ REMORA_PRICE_BOOK_URL: url, REMORA_PRICE_BOOK_CONFIG_MAP: 'a/b' }), /exclude each other/);
  for (const wrong of ['prices.json', 'file:///prices.json', 'https://user:hunter2@example.com'])
    assert.throws(
      () => of({ REMORA_PRICE_BOOK_URL: wrong }),
      ({ message }: Error) => /^REMORA_PRICE_BOOK_URL must be an http/.test(message) && !/hunter2/.test(message),
    );
  assert.throws(() => of({ REMORA_PRICE_BOOK_CONFIG_MAP: 'prices' }), /must be name\/key of a ConfigMap/);
  assert.throws(
    () => of({ REMORA_PRICE_BOOK_URL: url, REMORA_PRICE_BOOK_EVERY: 'daily' }),
    /^Error: REMORA_PRICE_BOOK_EVERY must be a duration/,
  );
});
