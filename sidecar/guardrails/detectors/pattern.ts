/** A user's expression, always on a linear-time engine: no text may make it slow. */
import { RE2JS } from 're2js';
import { longestMatch } from '#contract/policy/pattern-length';
import type { Match, Matcher } from '#sidecar/guardrails/matcher';

/** Throws RE2JSSyntaxException for what RE2 does not take, such as look-around. An empty match is no match. */
export function pattern(source: string): Matcher {
  const expression = RE2JS.compile(source);
  // One more, since a word boundary looks at the character behind the match.
  const heldBack = longestMatch(source) + 1;
  return {
    heldBack,
    find(text: string, from: number): Match | null {
      const matcher = expression.matcher(text);
      for (let at = from; at <= text.length && matcher.find(at); at = matcher.end() + 1) {
        if (matcher.end() > matcher.start()) return { start: matcher.start(), end: matcher.end() };
      }
      return null;
    },
    decidedUpTo: (text) => Math.max(0, text.length - heldBack),
  };
}
