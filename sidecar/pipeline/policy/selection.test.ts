import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileGlob } from './glob.ts';
import { nearestNames } from './nearest-names.ts';

const SEED = 20_261_121;

const GLOBS: readonly (readonly [string, string, boolean])[] = [
  ['openai/gpt-4o', 'openai/gpt-4o', true],
  ['openai/gpt-4o', 'openai/gpt-4o-mini', false],
  ['*/gpt-4*', 'openai/gpt-4o', true],
  ['*/gpt-4*', 'openai/gpt-3', false],
  ['*', '', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['*b*b', 'b', false],
  ['a.c', 'abc', false],
  ['a**c', 'abc', true],
  ['x*yz*z', 'xyzz', true],
];

test('compileGlob() matches the whole text, with stars for any run and nothing else special', () => {
  for (const [glob, text, expected] of GLOBS)
    assert.equal(compileGlob(glob).matches(text), expected, `${glob} ${text}`);
});

test(`a glob can begin with a text exactly where some longer text matches (seed ${SEED})`, () => {
  const char = fc.constantFrom('a', 'b', '/');
  const text = fc.string({ unit: char, maxLength: 4 });
  fc.assert(
    fc.property(fc.string({ unit: fc.oneof(char, fc.constant('*')), maxLength: 6 }), text, (pattern, begin) => {
      const glob = compileGlob(pattern);
      const longest = pattern.replaceAll('*', '');
      const endings = Array.from({ length: longest.length + 1 }, (_, at) => begin + longest.slice(at));
      assert.equal(
        glob.canBegin(begin),
        endings.some((whole) => glob.matches(whole)),
        `${pattern} ${begin}`,
      );
    }),
    { seed: SEED, numRuns: 5_000 },
  );
});

test(`compileGlob() agrees with a regular expression (seed ${SEED})`, () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 });
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 6 });
  fc.assert(
    fc.property(glob, word, (pattern, text) => {
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text);
      assert.equal(compileGlob(pattern).matches(text), expected);
    }),
    { numRuns: 2_000, seed: SEED },
  );
});

test('nearestNames() names at most five, the likeliest first', () => {
  const known = ['gpt-4o', 'gpt-4o-mini', 'claude', 'summaries', 'chat', 'embed', 'x'];
  assert.equal(nearestNames('GPT-4', known)[0], 'gpt-4o');
  assert.equal(nearestNames('a'.repeat(100_000), known).length, 5);
});
