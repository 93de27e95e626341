/** The price book as data: what an operator may fetch, checked by the same schema as the built-in one, and what names its version. */
import { z } from 'zod';
import { canonicalJson } from '#contract/policy/canonical-json';
import { sha256 } from '#contract/policy/sha256';

/** Pico-dollars; above it a sum over a million tokens would leave the safe integers. */
const pico = z.int().min(0).max(1_000_000_000);

/** Pico-dollars per token: one US dollar per million tokens is 1,000,000. What is left out costs what policy.ts says. */
const rates = z.strictObject({
  input: pico,
  cachedInput: pico,
  output: pico,
  cacheWrite: pico.optional(),
  cacheWrite1h: pico.optional(),
  inputAudio: pico.optional(),
  inputImage: pico.optional(),
  outputAudio: pico.optional(),
  outputImage: pico.optional(),
});

/** When other rates hold for the whole request; those that it leaves out are the base ones. */
const tier = rates
  .partial()
  .extend({
    aboveInputTokens: z.int().min(1).max(1_000_000_000).optional(),
    serviceTier: z
      .string()
      .regex(/^[a-z0-9_-]{1,32}$/)
      .optional(),
  })
  .refine(({ aboveInputTokens, serviceTier }) => aboveInputTokens !== undefined || serviceTier !== undefined, {
    error: 'a tier must state aboveInputTokens or serviceTier',
  });

const perCall = z.int().min(0).max(1_000_000_000_000).optional();

const row = rates.extend({
  /** Of an image generated, and of a character spoken. */
  image: z.int().min(0).optional(),
  character: pico.optional(),
  /** Of a call of one of the vendor's own tools; Google bills some by the prompt. */
  webSearch: perCall,
  webSearchPreview: perCall,
  fileSearch: perCall,
  codeExecution: perCall,
  /** Of those that hold for a request the last one counts. */
  tiers: z.array(tier).max(8).optional(),
});

const vendor = z.string().min(1).max(63);
const atMost = <T>(most: number, what: string) => ({
  check: (entries: Readonly<Record<string, T>>) => Object.keys(entries).length <= most,
  error: `must have at most ${most} ${what}`,
});
const models = atMost(2_000, 'models');
const vendors = atMost(64, 'vendors');

export const priceBook = z.strictObject({
  formatVersion: z.literal(1),
  /** When its facts were taken; a book with an earlier one is older. */
  date: z.iso.date(),
  /** Where the facts of a vendor are from. */
  sources: z.record(vendor, z.string().max(1_024)),
  /** By vendor, then by model as the vendor names it. */
  prices: z
    .record(vendor, z.record(z.string().min(1).max(253), row).refine(models.check, { error: models.error }))
    .refine(vendors.check, { error: vendors.error }),
});

export type PriceBook = z.infer<typeof priceBook>;
export type PriceRow = z.infer<typeof row>;
export type PriceTier = z.infer<typeof tier>;
export type Rates = z.infer<typeof rates>;

const versions = new WeakMap<PriceBook, string>();

/** `2026-11-21-1a2b3c4d5e6f`: its date, and a digest of its prices. */
export function priceBookVersion(book: PriceBook): string {
  const known = versions.get(book);
  if (known !== undefined) return known;
  const version = `${book.date}-${sha256(canonicalJson(book.prices)).slice(0, 12)}`;
  versions.set(book, version);
  return version;
}
