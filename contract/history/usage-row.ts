/** One attempt of one request, as the history of usage keeps it. Neither content nor credentials. */
import { z } from 'zod';

/** Of low cardinality: each combination of them is one series, for which sums are kept. */
export const SERIES_LABELS = [
  'namespace',
  'workload',
  'team',
  'project',
  'environment',
  'feature',
  'route',
  'rule',
  'variant',
  'provider',
  'providerName',
  'model',
  'operation',
  'outcome',
  'traffic',
  'key',
] as const;

/** There may be millions of each. */
const WIDE_LABELS = ['user', 'session', 'run'] as const;

export const LABELS = [...SERIES_LABELS, ...WIDE_LABELS] as const;
export type Label = (typeof LABELS)[number];

export const OUTCOMES = ['ok', 'failed', 'cancelled', 'refused', 'cached'] as const;
/** `live`: its answer is the client's. */
export const TRAFFIC = ['live', 'shadow', 'hedge'] as const;
/** Whose word the counts are: the provider's, ours, nobody's since it never answered what was fully sent; or nothing was billed. */
const BILLING = ['reported', 'estimated', 'possibly_billed', 'nothing'] as const;

/** What can have a price of its own. Tokens as `sidecar/canonical/usage` has them, in kinds that do not overlap; then what is billed by the piece. */
export const COUNTS = [
  'inputTokens',
  'inputAudioTokens',
  'inputImageTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'cacheWrite1hTokens',
  'outputTokens',
  'reasoningTokens',
  'outputAudioTokens',
  'outputImageTokens',
  'toolUnits',
  'images',
  'characters',
] as const;
export type Count = (typeof COUNTS)[number];

/** 100,000 dollars. With these bounds the sum of 92,000 of the dearest rows, and of 900 million of the longest, fits 64 bits. */
const MAX_COST_NANO_USD = 10n ** 14n;
const MAX_COUNT = 10 ** 10;
const MAX_LATENCY_MS = 30 * 86_400_000;
const MAX_ATTEMPT = 10_000;
const MAX_LABEL_CHARS = 512;
/** 2020 and 2100: outside there is no row, only a clock that is wrong. */
const TIME_MS = { from: Date.UTC(2020, 0), to: Date.UTC(2100, 0) } as const;

/** No control character: PostgreSQL keeps no NUL, and a line of CSV is a line. A lone surrogate would come back as another text. */
const isPlain = (text: string): boolean => text.isWellFormed() && !CONTROL.test(text);
const CONTROL = /\p{Cc}/u;

const text = z.string().max(MAX_LABEL_CHARS).refine(isPlain, 'must be text without control characters');
const label = text.default('');
const count = z.int().min(0).max(MAX_COUNT).default(0);
const latency = z.int().min(0).max(MAX_LATENCY_MS);
const counts = Object.fromEntries(COUNTS.map((kind) => [kind, count])) as Record<Count, typeof count>;

export const usageRow = z.strictObject({
  /** The life of a sidecar that wrote it, and its number there. With `timeMs` they say which row it is: it is kept once, however often it is sent. */
  instance: text.min(1),
  seq: z.int().min(0),
  /** Unix milliseconds of the beginning. */
  timeMs: z.int().min(TIME_MS.from).max(TIME_MS.to),
  requestId: label,
  /** From 1. A request that was refused or answered from a cache is one row, its first. */
  attempt: z.int().min(1).max(MAX_ATTEMPT),
  namespace: label,
  workload: label,
  team: label,
  project: label,
  environment: label,
  feature: label,
  user: label,
  /** One conversation, as the app names it. */
  session: label,
  /** One run of an agent, as the app names it. */
  run: label,
  /** `namespace/name` of the AIRoute. */
  route: label,
  rule: label,
  variant: label,
  /** `namespace/name` of the AIProvider. */
  provider: label,
  /** `gen_ai.provider.name`, such as `openai`: the same for all AIProviders of one service. */
  providerName: label,
  /** As the target names it. */
  model: label,
  operation: label,
  /** `namespace/name` of the AIKey. */
  key: label,
  ...counts,
  /** null: unknown, which is never zero. */
  costNanoUsd: z.bigint().min(0n).max(MAX_COST_NANO_USD).nullable(),
  priceVersion: label,
  totalMs: latency,
  firstTokenMs: latency.nullable().default(null),
  outcome: z.enum(OUTCOMES),
  traffic: z.enum(TRAFFIC).default('live'),
  /** Why it failed: a kind of `sidecar/errors/failure-kinds`. */
  failure: label,
  billing: z.enum(BILLING),
});

/** Labels are `''` where there is none. */
export type UsageRow = z.infer<typeof usageRow>;
