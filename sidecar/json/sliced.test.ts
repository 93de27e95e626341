import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Sliced } from '#sidecar/canonical/slice';
import { cutBefore } from './cut-string.ts';
import { readBody, readBodySliced } from './sliced-body.ts';
import { stringifySliced } from './sliced-text.ts';

const LIMITS = { maxDepth: 8 };
/** Longer than the longest escape; everything but the smallest values is cut by the smallest. */
const SLICES = fc.constantFrom(16, 17, 23, 64, 200);
const PIECE = fc.constantFrom(
  '"',
  '\\',
  '\n',
  '\u2028',
  'ü',
  '日本',
  '🐟',
  '\ud83d',
  'a',
  'word '.repeat(9),
  ' ',
  '{',
  ']',
  ',',
  ':',
);
const TEXT = fc.oneof(
  fc.string(),
  fc.array(PIECE, { maxLength: 12 }).map((pieces) => pieces.join('')),
);
const VALUE = fc.letrec((of) => ({
  value: fc.oneof({ depthSize: 'small', maxDepth: 5 }, of('leaf'), of('array'), of('object')),
  leaf: fc.oneof(TEXT, fc.double({ noNaN: true }), fc.integer(), fc.boolean(), fc.constant(null)),
  array: fc.array(of('value'), { maxLength: 6 }),
  object: fc.dictionary(fc.oneof(TEXT, fc.constantFrom('', '__proto__', '1', '0', 'model')), of('value'), {
    maxKeys: 5,
  }),
}));
const OBJECT = fc.dictionary(fc.oneof(TEXT, fc.constantFrom('messages', '__proto__', '7')), VALUE.value, {
  maxKeys: 5,
});

function drive<T>(work: Sliced<T>): { readonly result: T; readonly slices: number } {
  for (let slices = 1; ; slices += 1) {
    const step = work.next();
    if (step.done === true) return { result: step.value, slices };
  }
}

/** As clients of all kinds write it: spaced or not, escapes where none are needed, keys that come twice. */
const BODY = fc
  .tuple(OBJECT, fc.constantFrom(undefined, 1, '\t'), fc.boolean(), fc.constantFrom('', ' ', '\r\n'))
  .map(([value, indent, isAscii, around]) => {
    const text = JSON.stringify(value, null, indent);
    const written = isAscii ? text.replace(/[^\x20-\x7e\n\t]/g, escaped) : text;
    return around + written + around;
  });
const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const readSliced = (bytes: Uint8Array, slice: number) => drive(readBodySliced(bytes, LIMITS, slice)).result;

/** Both accept the same and make the same of it, keys that do not fit a slice apart; of several faults each names the first that it meets. */
function assertSame(bytes: Uint8Array, slice: number): void {
  const [expected, sliced] = [readBody(bytes, LIMITS), readSliced(bytes, slice)];
  fc.pre(sliced.ok || sliced.reason !== 'long-key');
  assert.equal(sliced.ok, expected.ok);
  if (!expected.ok) return;
  assert.deepStrictEqual(sliced, expected);
  // The order of keys is part of what goes on.
  assert.equal(JSON.stringify(sliced), JSON.stringify(expected));
}

test('readBodySliced() reads any body as readBody() does, wherever it is cut', () => {
  fc.assert(
    fc.property(BODY, SLICES, (text, slice) => assertSame(Buffer.from(text), slice)),
    { seed: 11, numRuns: 1_000 },
  );
});

test('readBodySliced() refuses and accepts what readBody() does, whatever was damaged', () => {
  const noise = fc.oneof(
    fc.constantFrom(',', ':', '[', ']', '{', '}', '"', '\\', '1', '\xa0', ',,', '":', '"a":1,', '\ufeff'),
    fc.string(),
  );
  const damage = fc.tuple(fc.nat(), fc.nat({ max: 4 }), noise);
  fc.assert(
    fc.property(BODY, damage, SLICES, (text, [at, removed, added], slice) => {
      const cut = at % (text.length + 1);
      assertSame(Buffer.from(text.slice(0, cut) + added + text.slice(cut + removed)), slice);
    }),
    { seed: 12, numRuns: 2_000 },
  );
});

test('readBodySliced() refuses what is wrong only where two pieces meet', () => {
  const [text, list, object] = [`"${'x'.repeat(40)}"`, `[${'1,'.repeat(40)}1]`, `{"k":[${'1,'.repeat(40)}1]}`];
  for (const long of [text, list, object]) {
    for (const body of [
      ...[`{"a":1${long}}`, `{"a":-${long}}`, `{"a"${long}}`, `{"a":${long}1}`, `{"a":${long}${long}}`, `{${long}}`],
      ...[`{"a":[1${long}]}`, `{"a":[,${long}]}`, `{"a":[${long},]}`, `{"a":[${long} 1]}`, `{"a":[${long}},"b":1]`],
      ...[
        `{"a":${long},}`,
        `{,"a":${long}}`,
        `{"a":${long},,"b":1}`,
        `{"a":${long}]`,
        `{"a":${long}`,
        `x{"a":${long}}`,
      ],
      ...[`{"a":${long}}x`, `{"a":${long}}{}`, `[${long}]`, `{"b":1 "a":${long}}`, `{"b":1,"c","a":${long}}`],
    ]) {
      for (const slice of [16, 17, 30]) {
        assert.equal(readBody(Buffer.from(body), LIMITS).ok, false, body);
        assert.equal(readSliced(Buffer.from(body), slice).ok, false, body);
      }
    }
  }
});

test('readBodySliced() refuses bytes that are no UTF-8 as readBody() does', () => {
  fc.assert(
    fc.property(BODY, fc.nat(), fc.constantFrom(0x80, 0xc3, 0xff, 0xed, 0x00), SLICES, (text, at, byte, slice) => {
      const bytes = Buffer.from(text);
      bytes[at % bytes.length] = byte;
      assertSame(bytes, slice);
    }),
    { seed: 13, numRuns: 1_000 },
  );
});

test('readBodySliced() says what is wrong in the words of readBody()', () => {
  const long = `"${'x'.repeat(40)}"`;
  const bodies = [
    Buffer.from(`{"a":${long}`),
    Buffer.from(`{"a":[${long},${'['.repeat(9)}1${']'.repeat(9)}]}`),
    Buffer.concat([Buffer.from(`{"a":${long},"b":"`), Buffer.from([0xff]), Buffer.from('"}')]),
    ...[`[${long}]`, long, 'null', 'x'].map((text) => Buffer.from(text)),
  ];
  const reasons = bodies.map((bytes) => {
    const sliced = readSliced(bytes, 16);
    assert.deepEqual(sliced, readBody(bytes, LIMITS), bytes.toString());
    return sliced.ok ? 'ok' : sliced.reason;
  });
  assert.deepEqual(new Set(reasons), new Set(['syntax', 'too-deep', 'not-utf8', 'not-object']));
});

test('readBodySliced() refuses a key that is longer than a slice, and takes a value of that length', () => {
  const long = `"${'k'.repeat(40)}"`;
  const reasonOf = (text: string): string => {
    const read = readSliced(Buffer.from(text), 16);
    return read.ok ? 'ok' : read.reason;
  };
  assert.equal(reasonOf(`{"a":{${long} : 1}}`), 'long-key');
  assert.equal(reasonOf(`{"a":{"b" : ${long}}}`), 'ok');
});

test('readBodySliced() ends at more values than it may read, members of the outermost object far sooner', () => {
  const reasonOf = (value: object, maxPlaces: number): string => {
    const read = drive(readBodySliced(Buffer.from(JSON.stringify(value)), { ...LIMITS, maxPlaces }, 64)).result;
    return read.ok ? 'ok' : read.reason;
  };
  const of = (length: number): { readonly a: unknown } => ({ a: Array.from({ length }, () => 1) });
  assert.equal(reasonOf(of(1_000), 2_000), 'ok');
  assert.equal(reasonOf(of(3_000), 2_000), 'too-many');
  assert.equal(reasonOf({ a: Array.from({ length: 500 }, () => ({})) }, 2_000), 'too-many');
  assert.equal(
    reasonOf(Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`key ${at}`, 1])), 2_000),
    'too-many',
  );
});

test('readBodySliced() rests after each slice, in one long text and in many short turns', () => {
  const bodies = [
    { messages: [{ role: 'user', content: 'She said: "fish"\n'.repeat(1_000) }] },
    { messages: Array.from({ length: 500 }, (_, turn) => ({ role: 'user', content: `turn ${turn}` })) },
    { tools: [{ parameters: { enum: Array.from({ length: 4_000 }, (_, index) => index) } }] },
  ];
  for (const body of bodies) {
    const bytes = Buffer.from(JSON.stringify(body));
    const { result, slices } = drive(readBodySliced(bytes, LIMITS, 1_024));
    assert.deepEqual(result, readBody(bytes, LIMITS));
    assert.ok(slices >= bytes.length / 2_048, `${slices} slices of ${bytes.length} bytes`);
  }
});

test('cutBefore() cuts neither an escape nor a character', () => {
  fc.assert(
    fc.property(TEXT, fc.boolean(), fc.nat(), (text, isAscii, where) => {
      const json = JSON.stringify(text.repeat(3));
      const bytes = Buffer.from((isAscii ? json.replace(/[^\x20-\x7e]/g, escaped) : json).slice(1, -1));
      if (bytes.length < 16) return;
      const cut = cutBefore(bytes, 0, 8 + (where % (bytes.length - 8)));
      const [before, behind] = [bytes.subarray(0, cut), bytes.subarray(cut)].map((piece): string =>
        JSON.parse(`"${new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(piece)}"`),
      );
      assert.ok(cut > 0);
      assert.equal(`${before}${behind}`, JSON.parse(`"${bytes.toString()}"`));
    }),
    { seed: 14, numRuns: 1_000 },
  );
});

test('stringifySliced() writes the bytes of JSON.stringify', () => {
  fc.assert(
    fc.property(VALUE.value, SLICES, (value: unknown, slice) => {
      const json = value as Parameters<typeof stringifySliced>[0];
      assert.equal(Buffer.from(drive(stringifySliced(json, slice)).result).toString(), JSON.stringify(json));
    }),
    { seed: 15, numRuns: 1_000 },
  );
});

test('stringifySliced() leaves out what is undefined, and rests after each slice', () => {
  const value = { a: undefined, b: [{ c: undefined, d: 'x'.repeat(10_000) }], e: undefined };
  const { result, slices } = drive(stringifySliced(value, 1_024));
  assert.equal(Buffer.from(result).toString(), JSON.stringify(value));
  assert.ok(slices >= 9, `${slices} slices`);
});
