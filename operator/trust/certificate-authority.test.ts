import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { ensureAuthority } from './certificate-authority.ts';
import type { AuthorityStore, KeyPair } from './certificate-authority-store.ts';

/** As the API server: the first create wins. */
function memoryStore(): AuthorityStore {
  let value: KeyPair | undefined;
  return {
    read: async () => value,
    create: async (made) => {
      if (value) return 'exists';
      value = made;
      return 'created';
    },
  };
}

test('two replicas that start at once end with one authority', async () => {
  const store = memoryStore();
  const [one, other] = await Promise.all([ensureAuthority(store), ensureAuthority(store)]);
  assert.equal(one.caPem, other.caPem);
  const again = await ensureAuthority(store);
  assert.equal(again.caPem, one.caPem);
});

test('a leaf verifies against the authority and carries every name', async () => {
  const authority = await ensureAuthority(memoryStore());
  const { certPem, keyPem } = await authority.issue(['remora.svc', 'localhost'], ['127.0.0.1']);
  const ca = new X509Certificate(authority.caPem);
  const leaf = new X509Certificate(certPem);
  assert.ok(ca.ca);
  assert.ok(!leaf.ca);
  assert.ok(leaf.verify(ca.publicKey));
  assert.ok(leaf.checkIssued(ca));
  assert.equal(leaf.checkHost('remora.svc'), 'remora.svc');
  assert.equal(leaf.checkIP('127.0.0.1'), '127.0.0.1');
  assert.match(keyPem, /^-----BEGIN PRIVATE KEY-----/);
});

test('a leaf never outlives its authority, and an expired authority says what to do', async () => {
  const store = memoryStore();
  const start = Date.UTC(2030, 0, 1);
  const day = 86_400_000;
  await ensureAuthority(store, { now: () => start });
  const late = await ensureAuthority(store, { now: () => start + 360 * day });
  const leaf = new X509Certificate((await late.issue(['remora.svc'])).certPem);
  assert.equal(leaf.validToDate.getTime(), new Date(start + 365 * day).getTime());
  await assert.rejects(ensureAuthority(store, { now: () => start + 366 * day }), /delete its Secret/);
});
