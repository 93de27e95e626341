import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Sections, sectionOf, sectionsHash } from '#contract/policy/sections';
import {
  applyPolicyUpdate,
  decodeAmount,
  decodeCredentials,
  decodeGrantUsage,
  decodeHeldSections,
  encodeAmount,
  encodeCredentials,
  encodeGrantUsage,
  encodeHeldSections,
  encodePolicyUpdate,
} from './codec.ts';
import { Hello, PolicyUpdate } from './gen/remora/policy/v1/sync.ts';

const seed = 20261121;
const sections: fc.Arbitrary<Sections> = fc
  .dictionary(fc.string(), fc.string(), { maxKeys: 6 })
  .map((entries) => new Map(Object.entries(entries).map(([name, json]) => [name, sectionOf(json)])));

const overTheWire = (update: PolicyUpdate): PolicyUpdate => PolicyUpdate.decode(PolicyUpdate.encode(update).finish());

test('an update over the wire brings any holder to the wanted sections, as a delta and in full', () => {
  fc.assert(
    fc.property(sections, sections, (held, wanted) => {
      const told = decodeHeldSections(encodeHeldSections(held));
      const delta = overTheWire(encodePolicyUpdate(wanted, { nonce: 7, held: told, traceparent: '00-aa-bb-01' }));
      const full = overTheWire(encodePolicyUpdate(wanted, { nonce: 8 }));
      assert.equal(sectionsHash(applyPolicyUpdate(held, delta)), sectionsHash(wanted));
      assert.deepEqual(new Map([...applyPolicyUpdate(held, full)].sort()), new Map([...wanted].sort()));
      assert.equal(delta.traceparent, '00-aa-bb-01');
    }),
    { seed, numRuns: 200 },
  );
});

test('an update whose content does not fit its hashes is refused and changes nothing', () => {
  const held = new Map([['base', sectionOf('{}')]]);
  const update = encodePolicyUpdate(new Map([['base', sectionOf('{"a":1}')]]), { nonce: 1, held: new Map() });
  const [changed] = update.changed;
  assert.ok(changed);
  const forged = { ...update, changed: [{ ...changed, json: Buffer.from('{"a":2}') }] };
  assert.throws(() => applyPolicyUpdate(held, forged), { message: 'section base does not fit its hash' });
  assert.throws(() => applyPolicyUpdate(held, { ...update, hash: 'x' }), /do not fit the hash of the policy/);
  assert.equal(held.get('base')?.json, '{}');
});

test('held sections survive Hello', () => {
  const held = new Map([['route/a/b', sectionOf('1')]]);
  const hello = Hello.decode(
    Hello.encode({
      protocolVersion: 1,
      build: 'test',
      instance: 'i',
      heldSections: encodeHeldSections(held),
      openGrants: [],
      closed: [],
    }).finish(),
  );
  assert.deepEqual(decodeHeldSections(hello.heldSections), new Map([['route/a/b', sectionOf('1').hash]]));
});

test('credentials survive the wire whatever bytes of text they hold, and equal ones are an equal message', () => {
  const credentials = new Map([
    ['b/s/k', 'ключ'],
    ['a/s/k', ''],
  ]);
  assert.deepEqual(decodeCredentials(encodeCredentials(credentials)), credentials);
  assert.deepEqual(encodeCredentials(new Map([...credentials].reverse())), encodeCredentials(credentials));
});

test('amounts survive beyond 2^53, and anything but a whole number is refused', () => {
  for (const amount of [0n, 2n ** 63n, 10n ** 29n]) assert.equal(decodeAmount(encodeAmount(amount)), amount);
  for (const text of ['', '-1', '1.5', '1e3', ' 1', '9'.repeat(31)]) assert.throws(() => decodeAmount(text));
  const usage = { grantId: 'g', budgetId: 'b', window: 'w', used: 2n ** 60n, reserved: 0n };
  assert.deepEqual(decodeGrantUsage(encodeGrantUsage(usage)), usage);
});
