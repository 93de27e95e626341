import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_GROUP_VERSION } from '#contract/names/api';
import { validateObject } from './validate-object.ts';

const PLATFORM = new Set(['remora-system']);

const policy = (spec: object, metadata: object = {}) => ({
  apiVersion: API_GROUP_VERSION,
  kind: 'AIPolicy',
  metadata: { name: 'p', namespace: 'support', ...metadata },
  spec,
});
const RIGHT = { require: [{ when: 'request.pii', tags: ['eu'] }] };
const WRONG = { require: [{ tags: ['eu'] }, { when: "request.pii &&\n caller.tema == 'a'", tags: ['eu'] }] };

test('a wrong object is refused with field, line and column, and a right one passes', () => {
  const refused = validateObject({ object: policy(WRONG) }, PLATFORM);
  assert.ok(!refused.allowed);
  assert.equal(refused.code, 422);
  assert.match(refused.reason, /^spec\.require\[1\]\.when: line 2, column 2: caller has no "tema"; it has user, team/);
  assert.deepEqual(validateObject({ object: policy(RIGHT) }, PLATFORM), {
    allowed: true,
    operations: [],
    warnings: [],
  });
});

test('an object that was wrong before may be mended, edited beside its spec, and leave; it may not stay wrong otherwise', () => {
  const oldObject = policy(WRONG);
  const passes = (object: object) => validateObject({ object, oldObject }, PLATFORM).allowed;
  assert.ok(passes(policy(RIGHT)));
  assert.ok(passes(policy(WRONG, { labels: { a: 'b' } })));
  assert.ok(
    passes(policy({ require: [{ when: 'nonsense', tags: [] }] }, { deletionTimestamp: '2026-11-21T00:00:00Z' })),
  );
  assert.ok(!passes(policy({ require: [{ when: 'caller.tem', tags: ['eu'] }] })));
});

test('what cannot come to be where the object stands is a warning', () => {
  const outside = policy({ appliesTo: { namespaces: ['other'] }, models: { deny: ['*'] } });
  const warned = validateObject({ object: outside }, PLATFORM);
  assert.match(
    warned.allowed ? (warned.warnings[0] ?? '') : '',
    /^spec\.appliesTo\.namespaces: never applies in other/,
  );
  const provider = { ...outside, kind: 'AIProvider', spec: { type: 'Mock', tags: ['eu'] } };
  const tagged = validateObject({ object: provider }, PLATFORM);
  assert.match(tagged.allowed ? (tagged.warnings[0] ?? '') : '', /^spec\.tags: ignored/);
  const key = { ...outside, kind: 'AIKey', spec: { identity: { team: 'sales', user: 'ann' } } };
  const named = validateObject({ object: key }, PLATFORM);
  assert.match(named.allowed ? named.warnings.join() : '', /^spec\.identity\.team: ignored, since [^,]*$/);
});

test('what is no object of ours is refused and breaks nothing', () => {
  for (const object of [undefined, null, 'a', [], {}, { kind: 'AIPolicy', metadata: null }])
    assert.ok(!validateObject({ object }, PLATFORM).allowed);
});
