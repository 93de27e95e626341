import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { longestMatch } from './pattern-length.ts';

test('longestMatch() knows the bound of every construct of the syntax', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['project-x', 9],
    ['(?i)project-x', 9],
    ['a|bcd|ef', 3],
    ['ab?c{2,5}', 7],
    ['(?:ab){3}', 6],
    ['(?P<name>abc)d', 4],
    ['[a-z]{4}[^a]', 6],
    ['.{3}', 6],
    ['\\bword\\b', 4],
    ['^x$', 1],
    ['\\d{3}-\\D', 6],
    ['\\Qa.b\\E', 3],
    ['\\x{1F600}', 2],
    ['\\p{Greek}{2}', 4],
    ['[]a]{2}', 2],
    ['(?:\\b)*a', 1],
    ['a{2}{3}', 6],
    ['😀', 2],
    ['a+?', Number.POSITIVE_INFINITY],
    ['a{2,}', Number.POSITIVE_INFINITY],
    ['(ab*)c', Number.POSITIVE_INFINITY],
  ];
  for (const [source, longest] of cases) assert.equal(longestMatch(source), longest, source);
});

test('longestMatch() is never below what the engine really matches', () => {
  const piece = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '(?:ab|c)', '\\W', '(?i)k', '\\b');
  const quantifier = fc.constantFrom('', '?', '{2}', '{1,3}', '{0,2}?');
  const source = fc
    .array(fc.tuple(piece, quantifier), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.flat().join(''));
  fc.assert(
    fc.property(
      source,
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '😀', ' ', 'K') }),
      (expression, text) => {
        const matcher = RE2JS.compile(expression).matcher(text);
        while (matcher.find()) assert.ok(matcher.end() - matcher.start() <= longestMatch(expression));
      },
    ),
    { seed: 7, numRuns: 3000 },
  );
});
