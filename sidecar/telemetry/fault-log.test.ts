import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultLogger } from './fault-log.ts';

function logged(cause: unknown): object | undefined {
  const lines: object[] = [];
  faultLogger({ error: (fields, message) => void lines.push({ ...fields, message }) })(cause, 'request-1');
  return lines[0];
}

test('faultLogger() says the class of a fault and where it arose, and never what its message quotes', () => {
  const line = JSON.stringify(logged(new TypeError('cannot read\n"my card is 4111"\n    of undefined')));
  assert.match(line, /"requestId":"request-1","error":"TypeError","stack":\["at .*fault-log\.test\.ts/);
  assert.match(line, /"message":"a fault of the sidecar"/);
  assert.doesNotMatch(line, /4111|cannot read/);
});

test('faultLogger() says of what is no error only what it is', () => {
  assert.deepEqual(logged('my card is 4111'), {
    requestId: 'request-1',
    error: 'string',
    message: 'a fault of the sidecar',
  });
});
