/** The AIKeys of docs/guides/keys.md and of examples/keys, as a laptop takes them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compileFiles } from '#cli/dev/compile-files';
import { sha256 } from '#contract/policy/sha256';
import { tokenOf } from '#test/sidecar/keys/start-keys';
import { CHAT, post } from '#test/sidecar/raw-http';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { gatedBench } from '#test/treasury/bench';
import { folderFor, startDev } from './remora-process.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const EXAMPLE = join(ROOT, 'examples/keys');
const TOKEN = tokenOf('partner');

const ROUTE = `apiVersion: remora.dev/v1alpha1
kind: AIProvider
metadata: {name: mock, namespace: shop}
spec: {type: Mock, tags: [eu]}
---
apiVersion: remora.dev/v1alpha1
kind: AIRoute
metadata: {name: chat, namespace: shop}
spec: {targets: [{model: mock/echo}]}
`;

function guide(t: TestContext): string {
  const text = readFileSync(join(ROOT, 'docs/guides/keys.md'), 'utf8');
  const objects = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);
  assert.equal(objects.length, 2);
  const folder = mkdtempSync(join(tmpdir(), 'remora-keys-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'guide.yaml'), [ROUTE, ...objects].join('---\n'));
  return folder;
}

test('the AIKey of the guide is in effect with its limits and those by key', async (t) => {
  const { policy, faults, notes, credentials } = await compileFiles([guide(t)], { env: { PARTNER_API_KEY: TOKEN } });
  assert.deepEqual([faults, notes], [[], []]);
  assert.deepEqual(policy.keys, [
    {
      key: 'shop/partner',
      digest: sha256(TOKEN),
      identity: { user: 'partner' },
      models: ['chat*'],
      require: ['eu'],
      expiresAtMs: Date.UTC(2027, 6),
    },
  ]);
  assert.deepEqual(
    policy.budgets.map(({ id, where, per }) => [id, where?.key, per]),
    [
      ['shop/keys/each-key', undefined, ['key']],
      ['shop/keys/partner', 'partner', []],
      ['shop/aikey:partner/month', 'shop/partner', []],
      ['shop/aikey:partner/minute', 'shop/partner', []],
    ],
  );
  assert.equal([...credentials.values()].includes(TOKEN), false, 'no provider is ever called with it');
});

test('the example holds the partner to its team, models and rate, and nobody else', async (t) => {
  const { policy, hash, faults, notes } = await compileFiles([EXAMPLE], { env: { PARTNER_API_KEY: TOKEN } });
  assert.deepEqual([faults, notes], [[], []]);
  const { gate } = gatedBench(t);
  const { url, sidecar, records } = await startSidecar(t, { deps: { budgetGate: gate } });
  assert.ok(sidecar.sink.applyPolicy(policy, hash).applied);
  const headers = { 'x-api-key': TOKEN };
  for (let request = 0; request < 5; request += 1) assert.equal((await post(url, CHAT, headers)).status, 200);
  const sixth = await post(url, CHAT, headers);
  assert.deepEqual([sixth.status, sixth.json().error.remora.object], [429, 'AIKey demo/partner limit minute']);
  assert.equal((await post(url, CHAT)).status, 200);
  const internal = await post(url, JSON.stringify({ ...JSON.parse(CHAT), model: 'internal' }), headers);
  assert.deepEqual([internal.status, internal.json().error.remora.object], [403, 'AIKey demo/partner']);
  assert.deepEqual(
    [records[0]?.attribution?.team, records[0]?.user, records[6]?.attribution?.team],
    ['sales', 'partner', 'web'],
  );
});

test('a laptop says which variable the token is missing in, and that one is none, without showing it', async () => {
  const missing = await compileFiles([EXAMPLE], { env: {} });
  assert.deepEqual(missing.policy.keys, []);
  assert.equal(missing.notes.length, 1);
  assert.match(
    missing.notes[0] ?? '',
    /^AIKey demo\/partner: no key; set PARTNER_API_KEY to a token of your own, such as "rmk_/,
  );
  const wrong = await compileFiles([EXAMPLE], { env: { PARTNER_API_KEY: 'rmk_too-short' } });
  assert.deepEqual(wrong.policy.keys, []);
  assert.match(
    wrong.notes.join(),
    /AIKey demo\/partner: what Secret partner holds under api-key is no token: rmk_ and 43/,
  );
  assert.equal(wrong.notes.join().includes('too-short'), false);
});

test('remora dev tells the partner apart in its log, and never shows the token', async (t) => {
  const folder = folderFor(t);
  const remora = await startDev(t, {
    ...{ paths: [EXAMPLE], state: join(folder, 'state'), cwd: folder },
    env: { PARTNER_API_KEY: TOKEN },
  });
  const authorization = `Bearer ${TOKEN}`;
  assert.equal((await post(remora.url, CHAT, { authorization })).status, 200);
  assert.equal((await post(remora.url, CHAT, { authorization: `${authorization}x` })).status, 401);
  remora.signal('SIGTERM');
  const { stdout, stderr } = await remora.ended;
  const lines = stdout.split('\n').filter((line) => line.includes('"dialect"'));
  const told = lines.map((line) => JSON.parse(line) as { key?: string; team: string; outcome: string });
  assert.deepEqual(
    told.map(({ key, team, outcome }) => [key, team, outcome]),
    [
      ['demo/partner', 'sales', 'ok'],
      [undefined, 'web', 'key_unknown'],
    ],
  );
  assert.equal((stdout + stderr).includes(TOKEN.slice(4)), false);
});
