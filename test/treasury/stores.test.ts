/** Every store of the registry under one suite, and what the registry says to a URL that is none. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { postgres } from '#test/support/postgres';
import { GRANT_STORES, grantStoreKind, openGrantStore } from '#treasury/stores/index';
import { LedgerServer } from './ledger-server.ts';
import { type PlaceFor, type StorePlace, storeSuite } from './store-suite.ts';

function clusterPlace(): StorePlace {
  const objects = new LedgerServer().client();
  return { shared: true, open: () => openGrantStore('cluster:', { objects, ownerOf: () => undefined }) };
}

function filePlace(t: TestContext): StorePlace {
  const folder = mkdtempSync(join(tmpdir(), 'remora-books-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { shared: false, open: () => openGrantStore(`file:${folder}`) };
}

async function postgresPlace(t: TestContext): Promise<StorePlace | undefined> {
  const url = await (await postgres(t))?.createDatabase();
  return url === undefined ? undefined : { shared: true, open: () => openGrantStore(url) };
}

/** By the form of its URL. */
const PLACES: Readonly<Record<string, PlaceFor>> = {
  'cluster:': clusterPlace,
  'file:<folder>': filePlace,
  'postgres://<user>:<password>@<host>/<database>': postgresPlace,
};

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
