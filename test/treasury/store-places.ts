/** A place for each store of the registry, by the form of its URL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { postgres } from '#test/support/postgres';
import type { GrantStore } from '#treasury/grant-store';
import { LedgerIndex } from '#treasury/stores/cluster/ledger-index';
import { openGrantStore } from '#treasury/stores/index';
import { LedgerServer } from './ledger-server.ts';
import type { PlaceFor, StorePlace } from './store-suite.ts';

function clusterPlace(): StorePlace {
  const server = new LedgerServer();
  const objects = server.client();
  const open = (): GrantStore => {
    const ledgers = new LedgerIndex();
    server.watch((object) => ledgers.apply(object));
    return openGrantStore('cluster:', { objects, ledgers, ownerOf: () => undefined });
  };
  return { shared: true, open };
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

export const PLACES: Readonly<Record<string, PlaceFor>> = {
  'cluster:': clusterPlace,
  'file:<folder>': filePlace,
  'postgres://<user>:<password>@<host>/<database>': postgresPlace,
};
