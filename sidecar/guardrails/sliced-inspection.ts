/** Looks at a large request in slices: what `inspectInput` finds in one piece, worked out beforehand for every target there is. */
import type { PolicyGuardrail } from '#contract/policy/policy';
import { operationOf } from '#sidecar/canonical/operation';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Sliced } from '#sidecar/canonical/slice';
import { resting } from '#sidecar/canonical/walk';
import { isInForce, isObserved, type Rule } from './compiled-guardrail.ts';
import type { GuardedTarget, InputInspection, InputVerdict } from './guardrail.ts';
import { ALLOW, inspectInput, keyOf } from './input-inspection.ts';
import { pushSliced, SCAN_CHARS, sliceFor } from './sliced-scan.ts';
import { type ScanRules, scanRules, TextScanner } from './text-scanner.ts';

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
  const texts = new Set<string>();
  yield* resting(() =>
    mapText(request, (text) => {
      texts.add(text);
      return text;
    }),
  );
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
  /** What it alone would make of the texts in which it finds something. */
  readonly masked: ReadonlyMap<string, string>;
}

function* matchingRules(texts: ReadonlySet<string>, rules: readonly Rule[], slice: number): Sliced<MatchingRule[]> {
  const found: MatchingRule[] = [];
  const pace = new Pace(slice);
  for (const rule of rules) {
    const masked = new Map<string, string>();
    const alone: ScanRules = { mask: rule.matchers, block: [] };
    for (const text of texts) {
      // One place is enough to block.
      if (rule.guardrail.action === 'Block' && masked.size > 0) break;
      const fired = new Set<PolicyGuardrail>();
      const released = yield* scanText(text, new TextScanner(alone, fired), sliceFor(rule.matchers, slice));
      if (fired.size > 0) masked.set(text, released);
      if (pace.isDue(text)) yield;
    }
    if (masked.size > 0) found.push({ rule, masked });
  }
  return found;
}

interface VerdictQuestion {
  readonly request: CanonicalRequest;
  readonly texts: ReadonlySet<string>;
  readonly inForce: readonly MatchingRule[];
  readonly sliceChars: number;
}

function* verdictOf({ request, texts, inForce, sliceChars }: VerdictQuestion): Sliced<InputVerdict> {
  const blocking = inForce.map(({ rule }) => rule.guardrail).filter(({ action }) => action === 'Block');
  if (blocking.length > 0) return { action: 'block', fired: blocking };
  const fired = new Set<PolicyGuardrail>();
  const masked = new Map<string, string>();
  const pace = new Pace(sliceChars);
  for (const text of texts) {
    const matching = inForce.filter((one) => one.masked.has(text));
    const [first] = matching;
    if (first === undefined) continue;
    const released =
      matching.length === 1 ? first.masked.get(text) : yield* maskBy(matching, text, { fired, sliceChars });
    if (released !== undefined) masked.set(text, released);
    if (matching.length === 1) fired.add(first.rule.guardrail);
    if (pace.isDue(text)) yield;
  }
  const change = (text: string): string => masked.get(text) ?? text;
  const changed = yield* resting(() => operationOf(request).mapText(request, change));
  return { action: 'mask', request: changed, fired: [...fired] };
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

/** To begin with a text takes as long as to look at so much of it. */
const TEXT_CHARS = 64;

/** When to rest between texts that are shorter than a slice each. */
class Pace {
  readonly #sliceChars: number;
  #scanned = 0;

  constructor(sliceChars: number) {
    this.#sliceChars = sliceChars;
  }

  isDue({ length }: string): boolean {
    this.#scanned += length + TEXT_CHARS;
    if (this.#scanned < this.#sliceChars) return false;
    this.#scanned = 0;
    return true;
  }
}

function* scanText(text: string, scanner: TextScanner, slice: number): Sliced<string> {
  return (yield* pushSliced(scanner, text, slice)) + scanner.end();
}
