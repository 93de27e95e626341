import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseBody } from './body.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const parse = (text: string) => parseBody(bytes(text), { maxDepth: 64 });
const reasonOf = (text: string | Uint8Array) => {
  const parsed = parseBody(typeof text === 'string' ? bytes(text) : text, { maxDepth: 64 });
  return parsed.ok ? 'ok' : parsed.reason;
};

/** Cases of the RFC 8259 parsing suite's kinds, each inside what has to be an object. */
const REFUSED = [
  '{',
  '}',
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '{,"a":1}',
  '{"a":1 "b":2}',
  "{'a':1}",
  '{a:1}',
  '{"a":01}',
  '{"a":+1}',
  '{"a":.5}',
  '{"a":1.}',
  '{"a":1e}',
  '{"a":NaN}',
  '{"a":Infinity}',
  '{"a":0x1}',
  '{"a":"\n"}',
  '{"a":"\t"}',
  '{"a":"\\x"}',
  '{"a":"\\u12"}',
  '{"a":"',
  '{"a":"\\"}',
  '{"a":[1,]}',
  '{"a":[1}',
  '{"a":tru}',
  '{"a":1}x',
  '{"a":1}{"b":2}',
  '\ufeff{}',
  '{"a":/**/1}',
  '{"a":1}#',
  '{"a":"\u0000"}',
  '{\u00a0"a":1}',
];
const ACCEPTED = [
  '{}',
  ' \t\r\n{}\n',
  '{"a":1e400}',
  '{"a":-0}',
  '{"a":123456789012345678901234567890}',
  '{"":0}',
  '{"a":"\\ud800"}',
  '{"a":"\u007f"}',
  '{"a":"\\u0000"}',
  '{"a":[[],{}]}',
  '{"a":1E+2}',
  '{"a":"\\/\\b\\f"}',
  '{"\\u0061":1}',
  '{"a":1,"a":2}',
];

test('parseBody() refuses what RFC 8259 refuses', () => {
  for (const text of REFUSED) assert.equal(reasonOf(text), 'syntax', JSON.stringify(text));
});

test('parseBody() accepts what RFC 8259 accepts', () => {
  for (const text of ACCEPTED) assert.deepEqual(parse(text), { ok: true, body: JSON.parse(text) }, text);
});

test('parseBody() says why a body is no request', () => {
  assert.equal(reasonOf(''), 'empty');
  assert.equal(reasonOf(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 'not-utf8');
  assert.equal(reasonOf(new Uint8Array([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d])), 'not-utf8');
  for (const text of ['[]', '1', '"a"', 'null', 'true']) assert.equal(reasonOf(text), 'not-object', text);
});

test('parseBody() counts depth outside strings only and stops at the limit', () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
  assert.equal(reasonOf(nested(64)), 'ok');
  assert.equal(reasonOf(nested(65)), 'too-deep');
  assert.equal(reasonOf('['.repeat(1_000_000)), 'too-deep');
  assert.equal(reasonOf(`{"a":"${'['.repeat(100)}\\"${'{'.repeat(100)}"}`), 'ok');
  assert.equal(reasonOf(`{"a":[${Array.from({ length: 200 }, () => '[]').join()}]}`), 'ok');
});

test('parseBody() keeps __proto__ inert', () => {
  const parsed = parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
  assert.ok(parsed.ok);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  assert.deepEqual(Object.keys(parsed.body), ['__proto__', 'constructor']);
});

test('parseBody() agrees with JSON.parse on any object and any damaged text', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), fc.string(), (value, at, noise) => {
      const text = JSON.stringify(value);
      assert.deepEqual(parse(text), { ok: true, body: JSON.parse(text) });
      const cut = at % (text.length + 1);
      const damaged = text.slice(0, cut) + noise + text.slice(cut);
      let expected: unknown;
      try {
        expected = JSON.parse(Buffer.from(damaged).toString());
      } catch {
        expected = undefined;
      }
      assert.equal(parse(damaged).ok, typeof expected === 'object' && expected !== null);
    }),
    { seed: 1, numRuns: 1_000 },
  );
});
