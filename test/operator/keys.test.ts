/** Tokens of AIKeys before a real API server, with the access that the chart gives: made once, replaced by deleting, never told to anybody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_GROUP_VERSION } from '#contract/names/api';
import { TOKEN } from '#contract/names/key-token';
import { sha256 } from '#contract/policy/sha256';
import { pathOf, remoraType, SECRET } from '#operator/kube/resource-type';
import { chartAccess } from './chart-access.ts';
import { eventually } from './eventually.ts';
import { World } from './world.ts';

interface SecretObject {
  readonly metadata?: { readonly uid: string; readonly ownerReferences?: readonly { readonly name: string }[] };
  readonly data?: Readonly<Record<string, string>>;
}

const secretOf = async (world: World, name: string): Promise<SecretObject> =>
  (await world.get(SECRET, name)) as SecretObject;

/** Of the Secret, once it holds one other than `former`. */
const tokenIn = (world: World, name: string, former?: string): Promise<string> =>
  eventually(`a token in ${name}`, async () => {
    const token = Buffer.from((await secretOf(world, name)).data?.['api-key'] ?? '', 'base64').toString();
    return TOKEN.test(token) && token !== former ? token : undefined;
  });

const deleteSecret = (world: World, name: string): Promise<unknown> =>
  world.send('DELETE', `/api/v1/namespaces/${world.namespace}/secrets/${name}`);

test('an AIKey gets a token once, sidecars get its digest, a deleted Secret is another token, and no log line knows any', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator(await chartAccess(world));
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'mock/echo' }] });
  const spec = { identity: { team: 'sales' }, limits: [{ name: 'day', tokens: 1_000, every: 'Day' }] };
  await world.apply('AIKey', 'partner', { ...spec, secretName: 'partner-token' });
  const { sink } = world.sidecar(await world.pod('app-1'), operator);
  const first = await tokenIn(world, 'partner-token');
  const known = (): string[] => (sink.policy?.keys ?? []).map(({ digest }) => digest);
  await eventually('the first digest', () => known().includes(sha256(first)));
  assert.deepEqual((await secretOf(world, 'partner-token')).metadata?.ownerReferences?.[0]?.name, 'partner');
  await world.condition(
    'AIKey',
    'partner',
    'Issued',
    ({ status, message }) => status === 'True' && message.includes('partner-token'),
  );
  await world.condition('AIKey', 'partner', 'Ready', ({ status }) => status === 'True');
  const { tokenDigest, limits } = await world.status('AIKey', 'partner');
  assert.equal(tokenDigest, sha256(first));
  assert.equal((limits as { remaining: string }[])[0]?.remaining, '1000 tokens');

  // An edit makes no other token.
  await world.apply('AIKey', 'partner', { ...spec, secretName: 'partner-token', models: ['chat'] });
  await eventually('the edit', () => sink.policy?.keys[0]?.models.length === 1);
  assert.deepEqual(known(), [sha256(first)]);

  await deleteSecret(world, 'partner-token');
  const second = await tokenIn(world, 'partner-token', first);
  await eventually('the second digest alone', () => known().length === 1 && known()[0] === sha256(second));

  assert.equal((await world.events('TokenIssued')).length, 2);
  const told = [
    ...operator.lines,
    JSON.stringify(sink.policy),
    JSON.stringify(await world.events()),
    JSON.stringify(await world.status('AIKey', 'partner')),
  ];
  for (const text of told)
    for (const token of [first, second]) assert.equal(text.includes(token.slice(4)), false, text);
});

test('a revocation reaches sidecars within a second, and so does its end', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', { targets: [{ model: 'mock/echo' }] });
  await world.apply('AIKey', 'ci', {});
  const { sink } = world.sidecar(await world.pod('app-1'), operator);
  await eventually('the key', () => sink.policy?.keys.length === 1);
  for (const revoked of [true, false]) {
    await world.apply('AIKey', 'ci', { revoked });
    const written = performance.now();
    await eventually(`revoked: ${revoked}`, () => (sink.policy?.keys[0]?.revoked ?? false) === revoked);
    const ms = performance.now() - written;
    t.diagnostic(`revoked: ${revoked} was applied ${ms.toFixed(0)} ms after the API server had it`);
    assert.ok(ms < 1_000, `${ms} ms`);
  }
  await world.remove('AIKey', 'ci');
  await eventually('no key', () => sink.policy?.keys.length === 0);
});

test('a Secret that was there before is left as it is, and the AIKey says so until it may have one', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  await world.secret('taken', { 'api-key': 'sk-somebody-else' });
  const before = (await secretOf(world, 'taken')).metadata?.uid;
  await world.operator();
  await world.apply('AIKey', 'ci', { secretName: 'taken' });
  const { message } = await world.condition('AIKey', 'ci', 'Issued', ({ status }) => status === 'False');
  assert.match(message, /^spec\.secretName: Secret .*\/taken exists, is not of this AIKey and stays as it is/);
  await world.condition('AIKey', 'ci', 'Ready', ({ reason }) => reason === 'SecretTaken');
  assert.equal((await world.status('AIKey', 'ci')).tokenDigest, undefined);
  const after = await secretOf(world, 'taken');
  assert.deepEqual(
    [after.metadata?.uid, after.data?.['api-key']],
    [before, Buffer.from('sk-somebody-else').toString('base64')],
  );
  await world.apply('AIKey', 'ci', { secretName: 'free' });
  await tokenIn(world, 'free');
  await world.condition('AIKey', 'ci', 'Issued', ({ status }) => status === 'True');
});

test('another operator keeps the token that is there', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const first = await world.operator();
  await world.apply('AIKey', 'ci', {});
  const token = await tokenIn(world, 'ci');
  await world.condition('AIKey', 'ci', 'Issued', ({ status }) => status === 'True');
  await first.close();
  const second = await world.operator();
  await world.apply('AIKey', 'ci', { revoked: true });
  await world.condition('AIKey', 'ci', 'Accepted', ({ message }) => message.includes('spec.revoked'));
  assert.ok(second.leads());
  assert.equal((await world.status('AIKey', 'ci')).tokenDigest, sha256(token));
  assert.equal(await tokenIn(world, 'ci'), token);
});

test('an AIKey that is on its way out gets no other token', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  await world.operator();
  const path = pathOf(remoraType('AIKey'), { namespace: world.namespace, name: 'leaving' });
  const withFinalizers = (finalizers: readonly string[]) =>
    world.send('PATCH', path, {
      ...{ apiVersion: API_GROUP_VERSION, kind: 'AIKey', spec: { models: ['chat'] } },
      metadata: { name: 'leaving', finalizers },
    });
  await withFinalizers(['example.com/wait']);
  await tokenIn(world, 'leaving');
  await world.remove('AIKey', 'leaving');
  await deleteSecret(world, 'leaving');
  await eventually('its token is known no more', async () => {
    const { tokenDigest } = await world.status('AIKey', 'leaving');
    return tokenDigest === undefined;
  });
  // By when the operator has looked at what came later, too.
  await world.apply('AIKey', 'later', {});
  await tokenIn(world, 'later');
  assert.equal((await secretOf(world, 'leaving')).data, undefined);
  await withFinalizers([]);
});
