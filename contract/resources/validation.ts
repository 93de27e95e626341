/**
 * Rules that hold on both sides with one sentence: CEL and list types in the API server, zod refinements where files are read without
 * one. What Kubernetes understands beyond zod rides in `meta({'x-kubernetes': …})`, which the CRD generator reads.
 */
import { RE2JS } from 're2js';
import { z } from 'zod';

/** One CEL rule: the expression over `self`, and the sentence a user reads when it fails. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

export interface KubernetesMeta {
  readonly validations?: readonly CelRule[];
  readonly listType?: 'map' | 'set' | 'atomic';
  readonly listMapKeys?: readonly string[];
  readonly intOrString?: boolean;
}

/** A CEL rule and what says the same of a parsed value. */
export interface TwinRule<T> extends CelRule {
  readonly holds: (value: T) => boolean;
}

/** Attaches Kubernetes schema extensions to a zod schema. */
export const kubernetes = (meta: KubernetesMeta): { 'x-kubernetes': KubernetesMeta } => ({ 'x-kubernetes': meta });

/** The schema with rules that the API server and zod both hold. `meta`: its further Kubernetes extensions. */
export function withRules<S extends z.ZodType>(
  schema: S,
  rules: readonly TwinRule<z.output<S>>[],
  meta: KubernetesMeta = {},
): S {
  const refined = rules.reduce((checked, { holds, message }) => checked.refine(holds, { error: message }), schema);
  const validations = rules.map(({ rule, message }) => ({ rule, message }));
  return refined.meta(kubernetes({ ...meta, validations }));
}

/** Whether the expression compiles on the engine that users' expressions run on. */
export function isRe2(expression: string): boolean {
  try {
    RE2JS.compile(expression);
    return true;
  } catch {
    return false;
  }
}

/** A CEL string literal. */
const celString = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** The CEL twin of a regular expression, which must mean the same in RE2. */
export const celMatches = (expression: RegExp, subject = 'self'): string =>
  `${subject}.matches(${celString(expression.source.replaceAll('\\/', '/'))})`;

/** A string of 1 to `max` characters that must match; `message` is what a user reads instead of the expression. */
export const matching = (expression: RegExp, max: number, message: string): z.ZodString =>
  withRules(z.string().min(1).max(max), [
    { rule: celMatches(expression), message, holds: (text) => expression.test(text) },
  ]);

/** Origin and path of plain segments: without user, query, fragment, and without a segment that leads upwards. */
const ADDRESS =
  /^https?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?)(:[0-9]{1,5})?(\/([-A-Za-z0-9_~][-A-Za-z0-9._~]*\/)*([-A-Za-z0-9_~][-A-Za-z0-9._~]*)?)?$/;

/** Of HTTP or its kin with TLS; what nobody can read in two ways. */
export const httpAddress = (max: number, message: string): z.ZodString => matching(ADDRESS, max, message);

interface ListBounds {
  readonly min?: number;
  readonly max: number;
}

/** Refuses items whose key was there before, as the API server does for sets and maps. */
function uniqueBy<S extends z.ZodType>(item: S, { min = 0, max }: ListBounds, key: (value: z.output<S>) => string) {
  return z
    .array(item)
    .min(min)
    .max(max)
    .superRefine((items, context) => {
      const seen = new Set<string>();
      for (const [index, value] of items.entries()) {
        const name = key(value);
        if (seen.has(name)) context.addIssue({ code: 'custom', path: [index], message: `Duplicate value: "${name}"` });
        seen.add(name);
      }
    });
}

/** A list of strings or numbers in which none occurs twice. */
export const setOf = <S extends z.ZodType<string | number>>(item: S, bounds: ListBounds) =>
  uniqueBy(item, bounds, String).meta(kubernetes({ listType: 'set' }));

/** A list of objects in which no `name` occurs twice. */
export const mapOf = <S extends z.ZodType<{ name: string }>>(item: S, bounds: ListBounds) =>
  uniqueBy(item, bounds, (value) => value.name).meta(kubernetes({ listType: 'map', listMapKeys: ['name'] }));

/** A list in which order matters and nothing is merged. */
export const atomicListOf = <S extends z.ZodType>(item: S, { min = 0, max }: ListBounds) =>
  z
    .array(item)
    .min(min)
    .max(max)
    .meta(kubernetes({ listType: 'atomic' }));
