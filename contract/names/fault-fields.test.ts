import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultFields } from './fault-fields.ts';

const SECRET = 'sk-planted';

test('faultFields() says what a fault is, where it arose and what caused it, and quotes nothing', () => {
  const cause = new Error(`refused ${SECRET}\n    at ${SECRET}\nof it`);
  const fault = Object.assign(new TypeError(SECRET, { cause }), { code: 'ERR_PLANTED', headers: { key: SECRET } });
  const fields = faultFields(fault);
  assert.deepEqual([fields.error, fields.code, fields.cause?.error], ['TypeError', 'ERR_PLANTED', 'Error']);
  assert.match(fields.stack?.[0] ?? '', /^at .*fault-fields\.test\.ts:\d+:\d+\)?$/);
  assert.ok((fields.cause?.stack?.length ?? 0) > 0);
  assert.ok(!JSON.stringify(fields).includes(SECRET));
});

test('faultFields() takes nothing for a code that is not one, and says of what is no error only its type', () => {
  assert.equal(faultFields(Object.assign(new Error('x'), { code: SECRET })).code, undefined);
  assert.deepEqual(faultFields(SECRET), { error: 'string' });
});

test('faultFields() ends where an error causes itself', () => {
  const error = new Error('x');
  error.cause = error;
  assert.equal(JSON.stringify(faultFields(error)).split('"cause"').length, 4);
});
