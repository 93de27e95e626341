/** What a request is classified as: the values that AIRoutes name, and the words for the same in logs, traces and CEL. */
import { z } from 'zod';
import { matching } from './validation.ts';

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

const task = z.enum(namesOf(TASKS));
const complexity = z.enum(namesOf(COMPLEXITIES));
export const latency = z.enum(namesOf(LATENCIES));

/** What rules ask a request to be; all that is stated. */
export const requestClassMatch = {
  task: task
    .optional()
    .describe(
      'What the answer mostly is, as the sidecar classifies the request by its words and shape. Requests that ask no model for text, such as one for an image, have none.',
    ),
  complexity: complexity
    .optional()
    .describe(
      'How much a good answer asks of a model, as the sidecar classifies the request. What it doubts it calls the harder one.',
    ),
  latency: latency
    .optional()
    .describe(
      'Whether somebody waits: by the header `x-remora-latency`; of a job `Batch`; else by `latency` of the route; else `Realtime` where the request is streamed.',
    ),
  costClass: matching(/^[ -~]+$/, 256, 'must be printable ASCII')
    .optional()
    .describe('The tier of the caller: the exact value of the header `x-remora-tier`.'),
};
