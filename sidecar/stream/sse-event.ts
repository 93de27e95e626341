/** One server-sent event after parsing (WHATWG HTML, section 9.2). */
export interface SseEvent {
  /** The `event` field; empty when absent. */
  readonly event: string;
  /** All `data` fields joined by a line feed. */
  readonly data: string;
}
