/** Looks at a large request in slices: what `inspectInput` finds in one piece, worked out beforehand for every target there is. */
import type { PolicyGuardrail } from '#contract/policy/policy';
import { operationOf } from '#sidecar/canonical/operation';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Sliced } from '#sidecar/canonical/slice';
import { isInForce, type Rule } from './compiled-guardrail.ts';
import type { GuardedTarget, InputInspection, InputVerdict } from './guardrail.ts';
import { ALLOW, inspectInput, keyOf } from './input-inspection.ts';
import { type ScanRules, scanRules, TextScanner } from './text-scanner.ts';

/** Patterns run some tens of times slower than a parser, so their slices are shorter than those of a body. */
export const SCAN_CHARS = 16 * 1024;

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
    const inForce = matching.filter(({ rule }) => isInForce(rule, { tags: ofTarget }));
    const key = keyOf(inForce.map(({ rule }) => rule));
    if (!verdicts.has(key)) verdicts.set(key, yield* verdictOf({ request, texts, inForce, sliceChars }));
  }
  return inspectInput(request, rules, { matching: matching.map(({ rule }) => rule), verdicts });
}

interface MatchingRule {
  readonly rule: Rule;
  /** Places of the texts in which it finds something. */
  readonly in: ReadonlySet<number>;
}

function* matchingRules(texts: readonly string[], rules: readonly Rule[], slice: number): Sliced<MatchingRule[]> {
  const found: MatchingRule[] = [];
  for (const rule of rules) {
    const places = new Set<number>();
    const scan: ScanRules = { mask: rule.matchers, block: [] };
    let scanned = 0;
    for (const [place, text] of texts.entries()) {
      const fired = new Set<PolicyGuardrail>();
      yield* scanText(text, new TextScanner(scan, fired), sliceFor(rule.matchers, slice));
      if (fired.size > 0) places.add(place);
      // One place is enough to block.
      if (fired.size > 0 && rule.guardrail.action === 'Block') break;
      scanned += text.length;
      if (scanned < slice) continue;
      scanned = 0;
      yield;
    }
    if (places.size > 0) found.push({ rule, in: places });
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
  let scanned = 0;
  for (const [place, text] of texts.entries()) {
    const rules = inForce.filter(({ in: places }) => places.has(place)).map(({ rule }) => rule);
    const matchers = rules.flatMap((rule) => rule.matchers);
    const scanner = new TextScanner(scanRules(rules), fired);
    masked.push(rules.length === 0 ? text : yield* scanText(text, scanner, sliceFor(matchers, sliceChars)));
    scanned += rules.length === 0 ? 0 : text.length;
    if (scanned < sliceChars) continue;
    scanned = 0;
    yield;
  }
  let place = 0;
  // Texts are visited in the same order each time.
  const next = (text: string): string => masked[place++] ?? text;
  return { action: 'mask', request: operationOf(request).mapText(request, next), fired: [...fired] };
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
const sliceFor = (matchers: Rule['matchers'], least: number): number =>
  Math.max(least, ...matchers.map(({ matcher }) => 4 * matcher.heldBack));
