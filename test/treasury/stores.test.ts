/** Every store of the registry under one suite, and what the registry says to a URL that is none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GRANT_STORES, grantStoreKind, openGrantStore } from '#treasury/stores/index';
import { PLACES } from './store-places.ts';
import { storeSuite } from './store-suite.ts';

for (const [form, placeFor] of Object.entries(PLACES)) storeSuite(form, placeFor);

test('every store of the registry is under the suite', () => {
  assert.deepEqual(
    GRANT_STORES.map(({ form }) => form),
    Object.keys(PLACES),
  );
});

test('a URL of no known store is refused in one sentence that names the known ones and not the URL', () => {
  const sentence = `A grant store must be ${GRANT_STORES.map(({ form }) => form).join(' or ')}.`;
  for (const url of ['', 'cluster', 'cluster:elsewhere', 'file:', 'Cluster:', 'none://root:hunter2@none', 'hunter2'])
    assert.throws(() => grantStoreKind(url), { message: sentence });
});

test('books in the API server are for whoever has one', () => {
  assert.throws(() => openGrantStore('cluster:'), /is for the operator, which has an API server\.$/);
});
