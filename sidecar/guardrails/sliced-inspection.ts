/** Looks at a large request in slices: what `inspectInput` finds in one piece, worked out beforehand for every target there is. */
import type { PolicyGuardrail } from '#contract/policy/policy';
import { operationOf } from '#sidecar/canonical/operation';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Sliced } from '#sidecar/canonical/slice';
import { isInForce, isObserved, type Rule } from './compiled-guardrail.ts';
import type { GuardedTarget, InputInspection, InputVerdict } from './guardrail.ts';
import { ALLOW, inspectInput, keyOf } from './input-inspection.ts';
import { type ScanRules, scanRules, TextScanner } from './text-scanner.ts';

/** For one matcher: a pattern that begins with no fixed text reads about 5 MB a second. */
const SCAN_CHARS = 32 * 1024;

export interface SlicedQuestion {
  readonly request: CanonicalRequest;
  readonly rules: readonly Rule[];
  /** Of every target that may be asked about. */
  readonly tags: Iterable<GuardedTarget['tags']>;
  readonly sliceChars?: number;
}

export function* inspectInputSliced(question: SlicedQuestion): Sliced<InputInspection> {
  const { request, rules, tags, sliceChars = SCAN_CHARS } = question;
  const { mapText, unreadableText } = operationOf(request);
  if (unreadableText?.(request) !== undefined) return inspectInput(request, rules);
  const texts: string[] = [];
  mapText(request, (text) => {
    texts.push(text);
    return text;
  });
  const matching = yield* matchingRules(texts, rules, sliceChars);
  const verdicts = new Map<string, InputVerdict>([[keyOf([]), ALLOW]]);
  for (const ofTarget of tags) {
    const inForce = matching.filter(({ rule }) => !isObserved(rule) && isInForce(rule, { tags: ofTarget }));
    const key = keyOf(inForce.map(({ rule }) => rule));
    if (!verdicts.has(key)) verdicts.set(key, yield* verdictOf({ request, texts, inForce, sliceChars }));
  }
  return inspectInput(request, rules, { matching: matching.map(({ rule }) => rule), verdicts });
}

interface MatchingRule {
  readonly rule: Rule;
  /** What it alone would make of the texts in which it finds something, by their places. */
  readonly masked: ReadonlyMap<number, string>;
}

function* matchingRules(texts: readonly string[], rules: readonly Rule[], slice: number): Sliced<MatchingRule[]> {
  const found: MatchingRule[] = [];
  const pace = new Pace(slice);
  for (const rule of rules) {
    const masked = new Map<number, string>();
    const alone: ScanRules = { mask: rule.matchers, block: [] };
    for (const [place, text] of texts.entries()) {
      // One place is enough to block.
      if (rule.guardrail.action === 'Block' && masked.size > 0) break;
      const fired = new Set<PolicyGuardrail>();
      const released = yield* scanText(text, new TextScanner(alone, fired), sliceFor(rule.matchers, slice));
      if (fired.size > 0) masked.set(place, released);
      if (pace.isDue(text)) yield;
    }
    if (masked.size > 0) found.push({ rule, masked });
  }
  return found;
}

interface VerdictQuestion {
  readonly request: CanonicalRequest;
  readonly texts: readonly string[];
  readonly inForce: readonly MatchingRule[];
  readonly sliceChars: number;
}

function* verdictOf({ request, texts, inForce, sliceChars }: VerdictQuestion): Sliced<InputVerdict> {
  const blocking = inForce.map(({ rule }) => rule.guardrail).filter(({ action }) => action === 'Block');
  if (blocking.length > 0) return { action: 'block', fired: blocking };
  const fired = new Set<PolicyGuardrail>();
  const masked: string[] = [];
  const pace = new Pace(sliceChars);
  for (const [place, text] of texts.entries()) {
    const matching = inForce.filter((one) => one.masked.has(place));
    const [first] = matching;
    masked.push(
      matching.length < 2 ? (first?.masked.get(place) ?? text) : yield* maskBy(matching, text, { fired, sliceChars }),
    );
    if (matching.length === 1 && first !== undefined) fired.add(first.rule.guardrail);
    if (matching.length > 1 && pace.isDue(text)) yield;
  }
  let place = 0;
  // Texts are visited in the same order each time.
  const next = (text: string): string => masked[place++] ?? text;
  return { action: 'mask', request: operationOf(request).mapText(request, next), fired: [...fired] };
}

function* maskBy(
  matching: readonly MatchingRule[],
  text: string,
  { fired, sliceChars }: { readonly fired: Set<PolicyGuardrail>; readonly sliceChars: number },
): Sliced<string> {
  const rules = matching.map(({ rule }) => rule);
  const matchers = rules.flatMap((rule) => rule.matchers);
  return yield* scanText(text, new TextScanner(scanRules(rules), fired), sliceFor(matchers, sliceChars));
}

/** When to rest between texts that are shorter than a slice each. */
class Pace {
  readonly #sliceChars: number;
  #scanned = 0;

  constructor(sliceChars: number) {
    this.#sliceChars = sliceChars;
  }

  isDue({ length }: string): boolean {
    this.#scanned += length;
    if (this.#scanned < this.#sliceChars) return false;
    this.#scanned = 0;
    return true;
  }
}

function* scanText(text: string, scanner: TextScanner, slice: number): Sliced<string> {
  if (text.length <= slice) return scanner.push(text) + scanner.end();
  let released = '';
  for (let from = 0; from < text.length; from += slice) {
    released += scanner.push(text.slice(from, from + slice));
    yield;
  }
  return released + scanner.end();
}

/** Several times what is held back, so that little is seen twice; a match without bound can only be searched in the whole. */
const sliceFor = (matchers: Rule['matchers'], sliceChars: number): number =>
  Math.max(
    Math.ceil(sliceChars / Math.max(1, matchers.length)),
    ...matchers.map(({ matcher }) => 4 * matcher.heldBack),
  );
