/** What is known of a request as the names of features that it has. Every step is linear in the text looked at. */

import { CONCEPTS } from './concepts.ts';
import { type Instruction, instructionOf } from './instruction.ts';
import { conceptsIn } from './lexicon.ts';
import type { LookedAt, Shape } from './looked-at.ts';
import { ALWAYS } from './scorer.ts';

/** Names of features that a request has; each once. */
export function featuresOf({ system, asked, before, shape }: LookedAt): string[] {
  const user = instructionOf(asked);
  const lead = instructionOf(system);
  const words = [...wordFeatures('ask', user.text), ...wordFeatures('sys', lead.text)];
  return [
    ALWAYS,
    ...words,
    ...(isUnread(user.text, words) ? [UNREAD] : []),
    ...(before === '' ? [] : conceptFeatures('ago', wordsOf(before))),
    ...codeFeatures(asked, user, lead),
    ...materialFeatures(user, lead, shape),
    ...shapeFeatures(shape),
  ];
}

/** What is asked is in words that the concepts do not know, such as those of another language. */
export const UNREAD = 'unread';
/** Of UTF-8: about four short words, or eight characters of Chinese. */
const LEAST_UNREAD_BYTES = 24;

function isUnread(asked: string, features: readonly string[]): boolean {
  if (Buffer.byteLength(asked) < LEAST_UNREAD_BYTES) return false;
  const isForeign = countOf(asked, /[\u0250-\u1fff\u2e80-\uffff]/g) > asked.length / 2;
  return isForeign || !features.some((name) => CONCEPT_FEATURES.has(name));
}

const CONCEPT_FEATURES: ReadonlySet<string> = new Set(
  Object.keys(CONCEPTS).flatMap((concept) => [`ask.${concept}`, `sys.${concept}`]),
);

/** Of letters and digits, in lower case without diacritics. */
const wordsOf = (text: string): string[] =>
  text
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

/** `name>=step` for each step that the value reaches. */
const steps = (name: string, value: number, at: readonly number[]): string[] =>
  at.filter((step) => value >= step).map((step) => `${name}>=${step}`);

type Scope = 'ask' | 'sys' | 'ago';

function conceptFeatures(scope: Scope, words: readonly string[]): string[] {
  const found = conceptsIn(words);
  const named = [...found.keys()].map((concept) => `${scope}.${concept}`);
  const hard = steps(`${scope}.hard`, found.get('hard') ?? 0, [2, 3, 5]);
  return [...named, ...hard, ...steps(`${scope}.several`, found.get('several') ?? 0, [2, 4])];
}

/** Where the request begins says more than where a word stands. */
const OPENING_WORDS = 3;
const OPENED_BY = [
  'ask',
  'polar',
  'summarize',
  'classify',
  'extract',
  'make',
  'fix',
  'rewrite',
  'greet',
  'explain',
] as const;
const LONG_WORD = 9;

function wordFeatures(scope: 'ask' | 'sys', text: string): string[] {
  const words = wordsOf(text);
  if (words.length === 0) return [];
  const opening = conceptsIn(words.slice(0, OPENING_WORDS));
  return [
    ...conceptFeatures(scope, words),
    ...OPENED_BY.filter((concept) => opening.has(concept)).map((concept) => `${scope}.opens.${concept}`),
    ...steps(`${scope}.words`, words.length, [1, 4, 8, 15, 25, 40, 60, 90]),
    ...steps(`${scope}.longWords`, words.filter(({ length }) => length >= LONG_WORD).length, [1, 3, 6, 10, 16]),
    ...steps(`${scope}.clauses`, countOf(text, /[,;:]/g), [1, 3, 5, 8, 12]),
    ...steps(`${scope}.numbers`, words.filter(isNumber).length, [1, 2, 4, 7]),
    ...steps(`${scope}.questions`, countOf(text, /[?\u00bf]/g), [1, 2, 3]),
    ...(/[=^+*<>\u00b2]/.test(text) ? [`${scope}.operators`] : []),
    ...(/\?\s*$/.test(text.slice(-8)) ? [`${scope}.endsAsking`] : []),
    ...(/["\u201c\u201e\u00ab]/.test(text) ? [`${scope}.quotes`] : []),
  ];
}

const countOf = (text: string, of: RegExp): number => text.match(of)?.length ?? 0;

const isNumber = (word: string): boolean => word >= '0' && word < ':';

/** What code has and prose has not. */
const CODE_SHAPES =
  /=>|\(\)|[;{]\n|;$|\bdef \w|\bSELECT \b|\bimport \w|\w\.\w+\(|<\/\w|\breturn\b|\bconst |\w\(\w*\) ?\{|Error:|`\w/;

const codeFeatures = (asked: string, user: Instruction, lead: Instruction): string[] => [
  ...steps('code.fences', user.fences, [1, 2]),
  ...(lead.fences > 0 ? ['code.fenceInSystem'] : []),
  ...(CODE_SHAPES.test(user.text) ? ['code.inAsk'] : []),
  ...(user.fences === 0 && CODE_SHAPES.test(asked) ? ['code.anywhere'] : []),
];

const materialFeatures = (user: Instruction, lead: Instruction, shape: Shape): string[] => [
  ...steps('material', user.material, [200, 600, 1500, 3000]),
  ...steps('sys.material', lead.material, [200, 1500]),
  ...steps('asked', shape.askedLength, [2000, 4000, 8000, 16_000]),
  ...steps('total', shape.totalLength, [500, 2000, 6000, 20_000]),
  ...(shape.systemLength === 0 ? ['sys.none'] : []),
  ...(shape.systemLength > 0 && user.text.length > 0 && user.text.length < 120 ? ['sys.shortAsk'] : []),
];

const EFFORTS: Readonly<Record<string, string>> = {
  high: 'high',
  xhigh: 'high',
  max: 'high',
  low: 'low',
  minimal: 'low',
};

const shapeFeatures = (shape: Shape): string[] => [
  ...steps('turns', shape.turns, [3, 5, 9]),
  ...steps('images', shape.images, [1, 2]),
  ...steps('tools', shape.tools, [1, 2, 3, 6]),
  ...steps('toolResults', shape.toolResults, [1]),
  ...(shape.format === 'text' ? [] : [`format.${shape.format}`]),
  ...(shape.maxOutputTokens === undefined
    ? []
    : [...[8, 64, 256].filter((most) => (shape.maxOutputTokens ?? 0) <= most).map((most) => `output<=${most}`)]),
  ...(shape.effort === undefined ? [] : [`effort.${EFFORTS[shape.effort] ?? 'medium'}`]),
];
