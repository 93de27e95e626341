import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { boundaryOf, parseForm, spliceForm } from './multipart.ts';

const SEED = 20_261_121;

const field = (name: string, value: string, rest = ''): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${rest}\r\n\r\n${value}\r\n`;

const parse = (text: string) => parseForm(Buffer.from(text, 'latin1'), 'b');

const valuesOf = (text: string) => {
  const parsed = parse(text);
  return parsed.ok
    ? parsed.fields.map(({ name, isFile, valueStart, valueEnd }) => [name, isFile, text.slice(valueStart, valueEnd)])
    : parsed.message;
};

test('boundaryOf() reads the boundary of a form, with and without quotes', () => {
  assert.equal(boundaryOf('multipart/form-data; boundary=abc'), 'abc');
  assert.equal(boundaryOf('Multipart/Form-Data; charset=utf-8; BOUNDARY="a b"; x=1'), 'a b');
  for (const type of [
    'application/json',
    'multipart/mixed; boundary=b',
    'multipart/form-data',
    'multipart/form-data; boundary=""',
  ])
    assert.equal(boundaryOf(type), undefined, type);
});

test('parseForm() tells text fields from files and leaves the bytes of both alone', () => {
  const body = `${field('model', 'm')}${field('file', '\r\n--a\0', '; filename="f.mp3"\r\nContent-Type: audio/mpeg')}${field('empty', '')}--b--\r\n`;
  assert.deepEqual(valuesOf(body), [
    ['model', false, 'm'],
    ['file', true, '\r\n--a\0'],
    ['empty', false, ''],
  ]);
  assert.deepEqual(valuesOf('--b--'), []);
});

test('parseForm() refuses what two readers could understand differently', () => {
  for (const body of [
    '',
    `preamble\r\n${field('a', '1')}--b--`,
    field('a', '1'),
    `${field('a', '1')}--b--epilogue`,
    `${field('a', '1')}--b `,
    '--b\r\n\r\nno head\r\n--b--',
    '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n--b--',
    '--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"\r\n\r\n1\r\n--b--',
    '--b\r\nContent-Disposition: form-data; name="a\\"b"\r\n\r\n1\r\n--b--',
    '--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--',
    `${field('a', '1', '; name="b"')}--b--`,
    `${field('a', '1', "; name*=UTF-8''b")}--b--`,
    `${field('a', '1', '; filename="x"; filename="y"')}--b--`,
    `${field('a', '1', '; filename="x\\"; name=\\"b"')}--b--`,
    `${field('a', '1', '; filename="x" junk')}--b--`,
    `${field('a', '1', ';\r\n filename="x"')}--b--`,
    `${field('a', '1', '\nContent-Disposition: form-data; name="b"')}--b--`,
    `${field('a', '1', '\r\nContent-Transfer-Encoding: base64')}--b--`,
    `${field('a', '1\n--b\r\nContent-Disposition: form-data; name="b"\r\n\r\n2')}--b--`,
    `${field('a', '1\r--b\r\nContent-Disposition: form-data; name="b"\r\n\r\n2')}--b--`,
  ])
    assert.equal(parse(body).ok, false, JSON.stringify(body));
});

test('parseForm() reads the heads that clients write', () => {
  for (const rest of [
    '; filename="a b;c.mp3"',
    "; filename=x; filename*=utf-8''%C3%A4.mp3",
    '; filename="C:\\dir\\x.mp3"\r\nContent-Type: audio/mpeg\r\nContent-Transfer-Encoding: binary',
    ' ; filename="name.mp3"',
  ])
    assert.deepEqual(valuesOf(`${field('file', 'bytes\n--a', rest)}--b--`), [['file', true, 'bytes\n--a']], rest);
});

test('parseForm() bounds the number of fields', () => {
  const fields = (count: number) => `${field('a', '1').repeat(count)}--b--`;
  assert.equal(parse(fields(128)).ok, true);
  assert.equal(parse(fields(129)).ok, false);
});

test('spliceForm() changes the values it is told and no other byte, whatever the files hold', () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value).toString('latin1'));
  const harmless = bytes.filter((text) => !text.includes('\r\n--b'));
  fc.assert(
    fc.property(fc.array(harmless, { minLength: 1, maxLength: 5 }), harmless, (values, model) => {
      const form = (chosen: string) =>
        `${field('model', chosen)}${values.map((value, at) => field(`f${at}`, value, '; filename=x')).join('')}--b--\r\n`;
      const before = Buffer.from(form(model), 'latin1');
      const parsed = parseForm(before, 'b');
      assert.ok(parsed.ok);
      assert.deepEqual(
        Buffer.from(spliceForm(before, parsed.fields, new Map([[0, 'other']]))),
        Buffer.from(form('other'), 'latin1'),
      );
      assert.deepEqual(Buffer.from(spliceForm(before, parsed.fields, new Map())), before);
    }),
    { seed: SEED },
  );
});
