/** Values that must come out nowhere, and the search for them in every form in which they could. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

export interface Canary {
  /** Where it was put. */
  readonly slot: string;
  readonly value: string;
  /** Parts that tell it apart even where it was cut or escaped in the middle. */
  readonly marks: readonly string[];
}

/** Holds what JSON, URLs and Base64 each write differently, between two marks that they do not touch. */
export function canaryOf(slot: string): Canary {
  const digits = createHash('sha256').update(slot).digest('hex');
  const marks = [`canary-${slot}-${digits.slice(0, 8)}`, digits.slice(-16)] as const;
  return { slot, value: `${marks[0]}/+"\\=&%${marks[1]}`, marks };
}

/** For a secret that somebody else made, such as a token: each of its long parts counts. */
export function secretOf(slot: string, value: string): Canary {
  const marks = value.split(/[^A-Za-z0-9+/=_-]+/).filter((part) => part.length >= 40);
  assert.ok(marks.length > 0, `${slot} has a part that is long enough to look for`);
  return { slot, value, marks };
}

/** Base64 of a text somewhere in a longer one: three alignments, without the characters that its neighbours decide. */
const base64Of = (text: string): string[] =>
  ['', 'x', 'xx'].map((before) => Buffer.from(`${before}${text}`).toString('base64').slice(4, -4));

const formsOf = (mark: string): string[] => {
  const base64 = base64Of(mark);
  const urlSafe = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [mark, Buffer.from(mark).toString('hex'), ...base64, ...urlSafe].map((form) => form.toLowerCase());
};

/** Each find names the slot, the place and what stands around it. */
export function findCanaries(canaries: readonly Canary[], places: Readonly<Record<string, string>>): string[] {
  const wanted = canaries.flatMap(({ slot, marks }) => marks.flatMap(formsOf).map((form) => ({ slot, form })));
  return Object.entries(places).flatMap(([place, text]) => {
    const lower = text.toLowerCase();
    return wanted
      .filter(({ form }) => lower.includes(form))
      .map(({ slot, form }) => {
        const at = lower.indexOf(form);
        return `${slot} in ${place}: ${text.slice(Math.max(0, at - 80), at + 80)}`;
      });
  });
}

export const assertClean = (canaries: readonly Canary[], places: Readonly<Record<string, string>>): void =>
  assert.deepEqual(findCanaries(canaries, places), []);
