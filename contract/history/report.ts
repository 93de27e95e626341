/** What can be asked of the history of usage, and what it answers. CLI, API and operator speak in these words. */
import { z } from 'zod';
import { COUNTS, LABELS, type Label } from './usage-row.ts';

/** What is summed. Money in nano-dollars, times in milliseconds. */
export const MEASURES = [
  'costNanoUsd',
  'requests',
  'attempts',
  /** Attempts whose cost is not known. Where this is not 0 the cost is more than what is told. */
  'unpriced',
  'possiblyBilled',
  'estimated',
  /** Counted where and when they are first seen. */
  'sessions',
  /** Of the attempts that belong to a session. */
  'sessionCostNanoUsd',
  ...COUNTS,
  'totalMs',
  'firstTokenMs',
  /** Attempts that had a first token. */
  'firstTokens',
] as const;
export type Measure = (typeof MEASURES)[number];
export type Measures = Readonly<Record<Measure, bigint>>;

const PERIODS = ['total', 'month', 'day'] as const;

const MAX_LABELS = 6;
const MAX_VALUES = 100;
const MAX_TOP = 10_000;

/** A day of UTC, which ends and begins every period. */
const day = z.iso.date('must be a date such as 2026-11-01');

export const reportQuery = z
  .strictObject({
    /** By which labels cost is told apart; none: one sum. */
    by: z.array(z.enum(LABELS)).max(MAX_LABELS).default([]),
    period: z.enum(PERIODS).default('total'),
    /** The first day of it. */
    from: day,
    /** The first day that is no part of it. */
    to: day,
    /** Only rows whose label has one of these values. */
    where: z.partialRecord(z.enum(LABELS), z.array(z.string().max(512)).min(1).max(MAX_VALUES)).default({}),
    /** How many groups of each period are told, the dearest first; the rest is summed. */
    top: z.int().min(1).max(MAX_TOP).default(1_000),
  })
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'must be later than `from`' })
  .refine(({ by }) => new Set(by).size === by.length, { path: ['by'], message: 'must not repeat a label' });
export type ReportQuery = z.infer<typeof reportQuery>;

export interface ReportGroup {
  /** The first day of the month, or the day; `''` where the period is `total`. */
  readonly period: string;
  /** In the order of `by`; undefined: the sum of all groups that are not among the dearest. */
  readonly labels: readonly string[] | undefined;
  /** How many groups are in it: 1, or those of the rest. */
  readonly groups: number;
  readonly measures: Measures;
}

export interface ReportAnswer {
  readonly by: readonly Label[];
  /** By period, then by cost, the dearest first; the rest of a period is its last. */
  readonly groups: readonly ReportGroup[];
  readonly total: Measures;
  /** `rows` took a look at every row of the time asked for. */
  readonly source: 'roll-up' | 'rows';
  /** The first day of which anything is left to sum; `''` while nothing was deleted. */
  readonly keptFrom: string;
}

export const NO_MEASURES = Object.fromEntries(MEASURES.map((name) => [name, 0n])) as Measures;

export const addMeasures = (a: Measures, b: Measures): Measures =>
  Object.fromEntries(MEASURES.map((name) => [name, a[name] + b[name]])) as Measures;
