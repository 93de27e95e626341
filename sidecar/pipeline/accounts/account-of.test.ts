import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompiledProvider } from '#sidecar/pipeline/policy/snapshot';
import { adapterFor } from '#sidecar/providers/index';
import { buildProvider } from '#test/support/build-policy';
import { accountOf } from './account-of.ts';
import { Keepers } from './keepers.ts';

const provider = (key: string): CompiledProvider => {
  const policy = buildProvider(key, { type: 'OpenAI' });
  const endpoint = { baseUrl: policy.endpoint, serverAddress: 'a', serverPort: 443 };
  return { policy, adapter: adapterFor(policy), endpoints: [endpoint] };
};

interface Words {
  readonly names?: readonly string[];
  readonly stated?: string;
  readonly known?: Readonly<Record<string, string>>;
}

function ask(keys: readonly string[], { names = [], stated, known = {} }: Words): string | undefined {
  const keepers = new Keepers();
  for (const [id, keeper] of Object.entries(known)) keepers.learn([id], keeper);
  return accountOf({ accounts: keys.map(provider), keeping: { by: 'openai-files', names }, stated, keepers });
}

const TWO = ['ns/a', 'ns/b'];

test('accountOf() trusts what it saw before what is stated, and what is stated before what could be', () => {
  assert.equal(ask(TWO, { names: ['f'], known: { f: 'ns/b' } }), 'ns/b');
  assert.equal(ask(TWO, { names: ['f'], known: { f: 'ns/b' }, stated: 'a' }), 'ns/b');
  assert.equal(ask(TWO, { names: ['f'], stated: 'a' }), 'ns/a');
  assert.equal(ask(TWO, { stated: 'ns/b' }), 'ns/b');
  assert.equal(ask(['ns/a', 'ns/a'], { names: ['f'] }), 'ns/a');
  assert.equal(ask(TWO, {}), undefined);
});

test('accountOf() refuses what cannot be told, and says how to tell it', () => {
  const refused = (keys: readonly string[], words: Words, message: RegExp): void =>
    assert.throws(() => ask(keys, words), { code: 'account_unresolved', message });
  refused(
    TWO,
    { names: ['f'] },
    /Several accounts .* State the AIProvider in the header x-remora-provider: ns\/a, ns\/b\./,
  );
  refused(TWO, { names: ['f'], stated: 'c' }, /No AIRoute leads this request to the AIProvider .*: ns\/a, ns\/b\./);
  refused(['x/a', 'y/a'], { names: ['f'], stated: 'a' }, /: x\/a, y\/a\./);
  refused(TWO, { names: ['f', 'g'], known: { f: 'ns/a', g: 'ns/b' } }, /more than one account: ns\/a, ns\/b/);
  refused(TWO, { names: ['f'], known: { f: 'ns/c' } }, /AIProvider ns\/c keeps .* no AIRoute leads this request there/);
});

test('Keepers leave an id with the account that gave it out first, whatever another one claims', () => {
  const keepers = new Keepers();
  keepers.learn(['resp_1'], 'ns/a');
  keepers.learn(['resp_1', 'resp_2'], 'ns/hostile');
  assert.deepEqual([keepers.of('resp_1'), keepers.of('resp_2')], ['ns/a', 'ns/hostile']);
});

test('Keepers hold a bounded number of ids, and let go of those that nobody asked for', () => {
  const keepers = new Keepers();
  keepers.learn(['old', 'used', '', 'x'.repeat(300)], 'ns/a');
  for (let at = 0; at < 9_999; at += 1) {
    keepers.learn([`id-${at}`], 'ns/b');
    assert.equal(keepers.of('used'), 'ns/a');
  }
  assert.deepEqual([keepers.of('old'), keepers.of(''), keepers.of('x'.repeat(300))], [undefined, undefined, undefined]);
});
