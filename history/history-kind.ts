/** What a kind of history says of itself, so that the registry and whoever reads a setting need not know it. */
import type { HistoryStore, Retention } from './history-store.ts';

export interface HistoryOptions {
  readonly retention: Retention;
  /** Above which its file does not grow, where it is a file. */
  readonly maxBytes?: number;
}

export interface HistoryKind {
  /** How its URL is written, for messages: `sqlite:<file>`. */
  readonly form: string;
  readonly pattern: RegExp;
  /** Whether several processes, such as the operator's replicas, may write to one. */
  readonly shared: boolean;
  /** Connects to nothing: what cannot be reached says so at each call. `url` matches `pattern`. */
  open(url: string, options: HistoryOptions): HistoryStore;
}
