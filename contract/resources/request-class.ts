/** What a request is classified as: the values that AIRoutes name, and the words for the same in logs, traces and CEL. */
import { z } from 'zod';

/** What the answer mostly is. */
export const TASKS = {
  Classification: 'classification',
  Extraction: 'extraction',
  Summarization: 'summarization',
  QuestionAnswering: 'question-answering',
  Code: 'code',
  Reasoning: 'reasoning',
  Chat: 'chat',
  Embedding: 'embedding',
} as const;
export type Task = keyof typeof TASKS;

/** What a model needs for a good answer. */
export const COMPLEXITIES = { Simple: 'simple', Moderate: 'moderate', Complex: 'complex' } as const;
export type Complexity = keyof typeof COMPLEXITIES;

/** Whether somebody waits for the answer. */
export const LATENCIES = { Realtime: 'realtime', Batch: 'batch' } as const;
export type Latency = keyof typeof LATENCIES;

const namesOf = <T extends Readonly<Record<string, string>>>(words: T): (keyof T & string)[] =>
  Object.keys(words) as (keyof T & string)[];

export const task = z.enum(namesOf(TASKS));
export const complexity = z.enum(namesOf(COMPLEXITIES));
export const latency = z.enum(namesOf(LATENCIES));
