/** What an AIProvider says of how much it takes: attempts at one time, and what may be spent there in a window. */
import { z } from 'zod';
import { LIMIT_RULES, type Limit, limit, limitFields } from './limit.ts';
import { concurrency, model, type ProviderConcurrency } from './provider-concurrency.ts';
import { atomicListOf, type TwinRule, withRules } from './validation.ts';

const MOST_LIMITS = 32;

type Fields = typeof limitFields;
type Unset<F> = F extends z.ZodDefault<infer Inner> ? z.ZodOptional<Inner> : F extends z.ZodOptional ? F : never;
type Optional = { [Name in keyof Fields]: Unset<Fields[Name]> | z.ZodOptional<Fields[Name]> };

/** Without defaults, so that it is known what an entry states. */
const optionalFields = Object.fromEntries(
  Object.entries(limitFields).map(([name, field]) => {
    const bare = field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : field;
    return [name, bare.optional().describe(field.description ?? '')];
  }),
) as unknown as Optional;

const FIELD_NAMES = Object.keys(limitFields);

/** What the API server would fill in for a limit. */
const DEFAULTS = Object.fromEntries(
  Object.entries(limitFields).flatMap(([name, field]) =>
    field instanceof z.ZodDefault ? [[name, field.def.defaultValue]] : [],
  ),
);

interface Stated {
  readonly concurrency?: number | undefined;
  readonly model?: string | undefined;
  readonly name?: string | undefined;
  readonly every?: unknown;
  readonly match?: { readonly model?: string | undefined } | undefined;
}

const isStated = (entry: Stated, field: string): boolean => (entry as Record<string, unknown>)[field] !== undefined;

const ONE_KIND: TwinRule<Stated> = {
  rule: `has(self.concurrency) ? !(${FIELD_NAMES.map((field) => `has(self.${field})`).join(' || ')}) : has(self.name) && has(self.every)`,
  message:
    'state either concurrency, alone or with model, or a limit of what is spent, with its name, an amount and every',
  holds: (entry) =>
    entry.concurrency === undefined
      ? entry.name !== undefined && entry.every !== undefined
      : FIELD_NAMES.every((field) => !isStated(entry, field)),
};

const ONE_MODEL: TwinRule<Stated> = {
  rule: '!has(self.model) || !has(self.match) || !has(self.match.model)',
  message: 'state the model in model or in match, not in both',
  holds: ({ model, match }) => model === undefined || match?.model === undefined,
};

/** What holds for a limit holds for one that a provider states. */
const limitRules = LIMIT_RULES.map(
  ({ rule, message, holds }): TwinRule<Stated> => ({
    rule: `has(self.concurrency) || (${rule})`,
    message,
    holds: (entry) =>
      entry.concurrency !== undefined || holds({ ...DEFAULTS, ...entry } as Parameters<typeof holds>[0]),
  }),
);

const providerLimit = withRules(z.object({ model, concurrency: concurrency.optional(), ...optionalFields }), [
  ONE_KIND,
  ONE_MODEL,
  ...limitRules,
]);
type ProviderLimit = z.infer<typeof providerLimit>;

const ONE_PER_MODEL: TwinRule<readonly ProviderLimit[]> = {
  rule: "self.all(one, !has(one.concurrency) || self.exists_one(other, has(other.concurrency) && (has(other.model) ? other.model : '') == (has(one.model) ? one.model : '')))",
  message: 'state one limit of concurrency for each model, and one without a model at most',
  holds: (limits) => {
    const models = limits.filter((one) => one.concurrency !== undefined).map((one) => one.model);
    return new Set(models).size === models.length;
  },
};

const ONE_PER_NAME: TwinRule<readonly ProviderLimit[]> = {
  rule: 'self.all(one, !has(one.name) || self.exists_one(other, has(other.name) && other.name == one.name))',
  message: 'each name of a limit must be another one',
  holds: (limits) => {
    const names = limits.flatMap(({ name }) => name ?? []);
    return new Set(names).size === names.length;
  },
};

export const providerLimits = withRules(
  atomicListOf(providerLimit, { min: 1, max: MOST_LIMITS }),
  [ONE_PER_MODEL, ONE_PER_NAME],
  { listType: 'atomic' },
);

export const concurrencyOf = (limits: readonly ProviderLimit[]): ProviderConcurrency[] =>
  limits.flatMap((one) =>
    one.concurrency === undefined
      ? []
      : [{ ...(one.model !== undefined && { model: one.model }), concurrency: one.concurrency }],
  );

/** What may be spent, in the shape that all kinds share; `model` is one of the things that must match. */
export const spendingOf = (limits: readonly ProviderLimit[]): Limit[] =>
  limits.flatMap(({ concurrency: stated, model: of, ...one }) =>
    stated !== undefined
      ? []
      : [limit.parse({ ...one, ...(of !== undefined && { match: { ...one.match, model: of } }) })],
  );
