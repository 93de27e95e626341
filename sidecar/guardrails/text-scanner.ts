/**
 * Masks one text that arrives in pieces, and stops it before blocked content. For any split into pieces the released text is the same
 * as for the whole text at once: nothing is decided before the matchers say it can no longer change.
 */
import type { PolicyGuardrail } from '#contract/policy/policy';
import type { Rule, RuleMatcher } from './compiled-guardrail.ts';
import type { Match } from './matcher.ts';

export interface ScanRules {
  readonly mask: readonly RuleMatcher[];
  readonly block: readonly RuleMatcher[];
}

export const scanRules = (rules: readonly Rule[]): ScanRules => ({
  mask: rules.filter((rule) => rule.guardrail.action === 'Mask').flatMap((rule) => rule.matchers),
  block: rules.filter((rule) => rule.guardrail.action === 'Block').flatMap((rule) => rule.matchers),
});

interface Hit extends Match {
  readonly by: RuleMatcher;
}

/** What each matcher found last in one text: still the next one while it lies ahead, so that no match costs the others another search. */
type KnownMatches = (Match | null)[];

export class TextScanner {
  readonly #rules: ScanRules;
  readonly #fired: Set<PolicyGuardrail>;
  /** The last character already released, for matchers that look behind, then all that is held back. */
  #text = '';
  #start = 0;
  #blocked = false;

  /** `fired` collects the guardrails that masked or blocked; several scanners may share it. */
  constructor(rules: ScanRules, fired: Set<PolicyGuardrail>) {
    this.#rules = rules;
    this.#fired = fired;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** What may be released after this piece. */
  push(piece: string): string {
    this.#text += piece;
    return this.#release(false);
  }

  /** The rest, once no more text follows. */
  end(): string {
    return this.#release(true);
  }

  #release(final: boolean): string {
    if (this.#blocked) return '';
    const block = this.#firstHit(this.#rules.block, this.#start);
    const decided = final ? this.#text.length : this.#decided();
    const limit = Math.min(decided, block?.start ?? decided);
    const { released, at } = this.#mask(limit);
    if (block !== null && block.start <= decided) {
      this.#blocked = true;
      this.#fired.add(block.by.guardrail);
      this.#text = '';
      this.#start = 0;
      return released;
    }
    this.#keepFrom(at);
    return released;
  }

  /** Releases text up to `limit`, with matches replaced; a match that reaches past it waits, since a block may begin inside it. */
  #mask(limit: number): { released: string; at: number } {
    let released = '';
    let at = this.#start;
    const known: KnownMatches = [];
    for (
      let hit = this.#firstHit(this.#rules.mask, at, known);
      hit !== null && hit.start < limit;
      hit = this.#firstHit(this.#rules.mask, at, known)
    ) {
      released += this.#text.slice(at, hit.start);
      if (hit.end > limit) return { released, at: hit.start };
      released += hit.by.replacement;
      this.#fired.add(hit.by.guardrail);
      at = hit.end;
    }
    const end = at < limit ? wholeCharacter(this.#text, limit) : at;
    return end > at ? { released: released + this.#text.slice(at, end), at: end } : { released, at };
  }

  #decided(): number {
    let least = this.#text.length;
    for (const { matcher } of this.#rules.mask) least = Math.min(least, matcher.decidedUpTo(this.#text));
    for (const { matcher } of this.#rules.block) least = Math.min(least, matcher.decidedUpTo(this.#text));
    return least;
  }

  /** The earliest match; of several at one place the longest, then the first stated. */
  #firstHit(matchers: readonly RuleMatcher[], from: number, known: KnownMatches = []): Hit | null {
    let first: Hit | null = null;
    for (const [index, by] of matchers.entries()) {
      let match = known[index];
      if (match === undefined || (match !== null && match.start < from)) match = by.matcher.find(this.#text, from);
      known[index] = match;
      if (match === null) continue;
      if (first === null || match.start < first.start || (match.start === first.start && match.end > first.end))
        first = { ...match, by };
    }
    return first;
  }

  #keepFrom(at: number): void {
    const behind = at > 0 ? 1 : 0;
    this.#text = this.#text.slice(at - behind);
    this.#start = behind;
  }
}

/** Not between the halves of a surrogate pair: each released piece is well-formed by itself. */
function wholeCharacter(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1);
  return at < text.length && unit >= 0xd800 && unit <= 0xdbff ? at - 1 : at;
}
