import assert from 'node:assert/strict';
import { test } from 'node:test';
import { historyConfigOf } from './history-config.ts';

const configOf = (env: Readonly<Record<string, string>>, inPod = true) => historyConfigOf((name) => env[name], inPod);

test('no history is kept unless one is stated', () => {
  assert.equal(configOf({}), undefined);
  assert.equal(configOf({ REMORA_HISTORY: 'none:' }), undefined);
});

test('a history is a database, a file of this one process, or in the hands of another process', () => {
  const url = 'postgres://remora@db/usage';
  assert.deepEqual(configOf({ REMORA_HISTORY: url }), { url, backups: undefined, auditDays: 365 });
  const file = { REMORA_HISTORY: 'sqlite:/data/history', REMORA_HISTORY_BACKUP_FOLDER: '/copies' };
  assert.deepEqual(configOf({ ...file, REMORA_HISTORY_AUDIT_DAYS: '30' }, false), {
    url: 'sqlite:/data/history',
    backups: { folder: '/copies', keep: 7 },
    auditDays: 30,
  });
  const keeper = 'https://remora-history.remora-system.svc:24113';
  assert.deepEqual(configOf({ REMORA_HISTORY: keeper, REMORA_HISTORY_TOKEN_FILE: '/token' }), {
    keeper,
    tokenFile: '/token',
  });
});

test('a history that cannot work stops the start with a sentence, and never with the URL', () => {
  const cases: readonly (readonly [env: Readonly<Record<string, string>>, message: RegExp])[] = [
    [{ REMORA_HISTORY: 'mysql://root:hunter2@db' }, /^REMORA_HISTORY must be sqlite:<file> or postgres:/],
    [{ REMORA_HISTORY: 'sqlite:/data/history' }, /^REMORA_HISTORY may be sqlite:<file> only in the one process/],
    [{ REMORA_HISTORY: 'https://keeper:24113' }, /^REMORA_HISTORY_TOKEN_FILE must name/],
    [
      { REMORA_HISTORY: 'postgres://u:hunter2@db/x', REMORA_HISTORY_BACKUP_KEEP: '0' },
      /^REMORA_HISTORY_BACKUP_KEEP must be a number from 1 to 999/,
    ],
    [
      { REMORA_HISTORY: 'postgres://u:hunter2@db/x', REMORA_HISTORY_AUDIT_DAYS: 'never' },
      /^REMORA_HISTORY_AUDIT_DAYS must be a number of days from 1 to 36500/,
    ],
  ];
  for (const [env, message] of cases)
    assert.throws(
      () => configOf(env),
      (error) => error instanceof Error && message.test(error.message) && !error.message.includes('hunter2'),
    );
});
