/** Looks at one text in slices: a scanner of streams releases for any split what it releases of the whole. */
import type { Sliced } from '#sidecar/canonical/slice';
import { once, within } from '#sidecar/canonical/walk';
import type { RuleMatcher } from './compiled-guardrail.ts';
import type { ScanRules, TextScanner } from './text-scanner.ts';

/** For one matcher: a pattern that begins with no fixed text reads about 5 MB a second. */
export const SCAN_CHARS = 32 * 1024;
/** How much longer it takes to look at text than to parse it. */
const TIMES_PARSING = 8;

/** Several times what is held back, so that little is seen twice; a match without bound can only be searched in the whole. */
export const sliceFor = (matchers: readonly RuleMatcher[], sliceChars: number): number =>
  Math.max(
    Math.ceil(sliceChars / Math.max(1, matchers.length)),
    ...matchers.map(({ matcher }) => 4 * matcher.heldBack),
  );

/** What may be released after the text. */
export function* pushSliced(scanner: TextScanner, text: string, slice: number): Sliced<string> {
  if (text.length <= slice) return scanner.push(text);
  let released = '';
  for (let from = 0; from < text.length; from += slice) {
    released += scanner.push(text.slice(from, from + slice));
    yield;
  }
  return released;
}

/** The same within a walk. */
export function pushWithin(scanner: TextScanner, text: string, { mask, block }: ScanRules): string {
  const matchers = mask.length + block.length;
  if (text.length * matchers <= SCAN_CHARS)
    return once(() => scanner.push(text), text.length * matchers * TIMES_PARSING);
  return within(
    () => scanner.push(text),
    () => pushSliced(scanner, text, sliceFor([...mask, ...block], SCAN_CHARS)),
    () => 0,
  );
}
