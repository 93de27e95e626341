/**
 * What the Mock provider answers: pure, deterministic, in OpenAI's wire format, so that examples and demos need no key. The in-process
 * upstream plays the chunks back.
 */
import type { JsonObject } from '#sidecar/canonical/json';

export interface MockRequest {
  /** Name of the AIProvider. */
  readonly provider: string;
  /** The target's model; some names simulate faults. */
  readonly model: string;
  /** The request in OpenAI's wire format. */
  readonly body: JsonObject;
  readonly nowSeconds: number;
}

export interface MockAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: readonly Uint8Array[];
  /**
   * What follows the last chunk: the proper end; a reset connection; silence until the caller gives up.
   * `reset-before-head` means that not even the status arrives.
   */
  readonly ending: 'complete' | 'reset' | 'reset-before-head' | 'stall';
}

export function mockAnswer(_request: MockRequest): MockAnswer {
  throw new Error('not written yet');
}
