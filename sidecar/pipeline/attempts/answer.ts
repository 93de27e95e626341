/** An answer on its way from whoever gave it to the client: whole, or a stream whose first content event has come. */
import type { LimitView } from '#sidecar/canonical/limit-view';
import type { OutputGuard } from '#sidecar/guardrails/guardrail';
import type { Lane, StreamItem, WholeItem } from './lanes/lane.ts';

/** Who answered, as the stages after the commit point need to know it: an attempt at a provider, or whatever can answer in its place. */
export interface Answerer {
  /** `provider/model` as the route states it. */
  readonly target: string;
  /** Where an account may keep what it answered: its AIProvider, and under which ids. */
  readonly kept?: { readonly keeper: string; readonly ids: readonly string[] };
  /** What was left out of the request, as paths. */
  readonly dropped: readonly string[];
  readonly lane: Lane;
  /** What of the answer is an estimate of ours, in canonical words. */
  readonly estimated?: string;
  readonly outputGuard: OutputGuard | null;
  /** Who reads the answer and changes nothing of it. */
  readonly outputWatch?: OutputGuard | null | undefined;
  /** Books what the answer used; a second call changes nothing. */
  settle(): void;
  /** The limits of requests and tokens that it counts against, as known here now. Absent: none. */
  readonly limits?: readonly LimitView[] | undefined;
  /** Nano-dollars, once settled; null when the price is unknown. */
  readonly costNanoUsd: bigint | null;
}

export interface WholeAnswer {
  readonly kind: 'whole';
  readonly by: Answerer;
  readonly item: WholeItem;
}

/** Items of a stream as they come, already read ones first. */
export interface ItemSource {
  /** The next items in order; null when the provider has ended the stream properly. Throws RemoraError `stream_broken` or the cause of a cancel. */
  read(): Promise<readonly StreamItem[] | null>;
}

export interface StreamAnswer {
  readonly kind: 'stream';
  readonly by: Answerer;
  readonly source: ItemSource;
  /** What each item becomes on its way: stages compose here, so that an item costs function calls and no promises. */
  readonly each: (item: StreamItem) => StreamItem;
  /** Set where nobody reads the bytes: the Content-Type that the provider declares. Else they are server-sent events. */
  readonly unreadType?: string;
  /** Begun with its first byte: there may be no content yet. */
  readonly isEarly?: true;
}

export type Answer = WholeAnswer | StreamAnswer;
