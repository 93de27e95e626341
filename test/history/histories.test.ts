/** Every engine of the registry under one suite, and what the registry says to a URL that is none. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { HISTORIES, openHistory } from '#history/histories';
import { RETENTION } from '#history/history-store';
import { postgres } from '#test/support/postgres';
import { historySuite } from './history-suite.ts';
import type { HistoryPlace, PlaceFor } from './promises.ts';

function sqlitePlace(t: TestContext): HistoryPlace {
  const folder = mkdtempSync(join(tmpdir(), 'remora-history-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { open: (retention = RETENTION) => openHistory(`sqlite:${folder}/history.db`, { retention }) };
}

async function postgresPlace(t: TestContext): Promise<HistoryPlace | undefined> {
  const url = await (await postgres(t))?.createDatabase();
  return url === undefined ? undefined : { open: (retention = RETENTION) => openHistory(url, { retention }) };
}

/** By the form of its URL. */
const PLACES: Readonly<Record<string, PlaceFor>> = {
  'sqlite:<file>': sqlitePlace,
  'postgres://<user>:<password>@<host>/<database>': postgresPlace,
};

for (const [form, placeFor] of Object.entries(PLACES)) historySuite(form, placeFor);

test('every engine of the registry is under the suite', () => {
  assert.deepEqual(
    HISTORIES.map(({ form }) => form),
    Object.keys(PLACES),
  );
});

test('a URL of no known engine is refused in one sentence that names the known ones and not the URL', () => {
  const message = `A history must be ${HISTORIES.map(({ form }) => form).join(' or ')}.`;
  for (const url of ['', 'sqlite', 'sqlite:', 'mysql://root:hunter2@db/x'])
    assert.throws(() => openHistory(url), { message });
});
