/** An answer between the attempt that opened it and its delivery: whole, or a stream whose first content event has come. */
import type { AttemptRecorder } from './attempt-recorder.ts';
import type { StreamItem, WholeItem } from './lanes/lane.ts';
import type { Plan } from './plan.ts';

export interface WholeAnswer {
  readonly kind: 'whole';
  readonly plan: Plan;
  readonly log: AttemptRecorder;
  readonly item: WholeItem;
}

/** Items of a stream as they come, already read ones first. */
export interface ItemSource {
  /** The next items in order; null when the provider has ended the stream properly. Throws RemoraError `stream_broken` or the cause of a cancel. */
  read(): Promise<readonly StreamItem[] | null>;
}

export interface StreamAnswer {
  readonly kind: 'stream';
  readonly plan: Plan;
  readonly log: AttemptRecorder;
  readonly source: ItemSource;
  /** What each item becomes on its way: stages compose here, so that an item costs function calls and no promises. */
  readonly each: (item: StreamItem) => StreamItem;
}

export type Answer = WholeAnswer | StreamAnswer;
