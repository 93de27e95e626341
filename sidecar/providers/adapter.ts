/** What an upstream service is: the wires that it speaks, and how a call proves who pays. One folder per provider; `index.ts` is the registry. */
import type { ProviderType } from '#contract/resources/provider-type';
import type { AnyWire, Wire } from '#sidecar/wires/wire';

/** One request, ready but for its credential. */
interface OutgoingCall {
  /** null when the AIProvider has none. */
  readonly credential: string | null;
  readonly url: string;
  readonly body: Uint8Array;
  /** Unix milliseconds. */
  readonly nowUnixMs: number;
}

type Headers = Readonly<Record<string, string>>;

/** How an answer tells that a limit is used up, and when it is whole again. */
export interface LimitHeaders {
  readonly remaining: string;
  readonly reset: string;
}

/**
 * Models whose streams show every output token that they bill. Those that bill what they hide, such as reasoning of which only a summary comes,
 * are left out, and so is whoever is not known: nobody could tell from outside what such a stream has used.
 */
export interface ShownOutput {
  /** Whatever the request asks for. */
  readonly always?: RegExp;
  /** Unless the request asks for reasoning. */
  readonly unlessReasoning?: RegExp;
}

export interface ProviderAdapter {
  readonly type: ProviderType;
  /** The value of OpenTelemetry's `gen_ai.provider.name`. */
  readonly telemetryName: string;
  /** The first of an operation is used for clients whose dialect is none of them. */
  readonly wires: readonly [Wire, ...AnyWire[]];
  /** Where the model decides what is spoken, such as on a cloud that serves models of several vendors. Absent: all models speak `wires`. */
  wiresFor?(model: string): readonly [Wire, ...AnyWire[]];
  /** Headers that carry the credential and the API version; a promise only where a credential must be fetched or computed. */
  headers(call: OutgoingCall): Headers | Promise<Headers>;
  /** Header of an answer that holds the provider's request id. Absent: the id in the answer is the one that its support asks for. */
  readonly requestIdHeader?: string;
  /** Headers of each answer that tell what is left of the limits that tell most. Absent: there are none. */
  readonly limitHeaders?: readonly LimitHeaders[];
  /** Absent: no model is known to show all. */
  readonly shownOutput?: ShownOutput;
}

/** What this service speaks for a model. */
export const wiresOf = (adapter: Pick<ProviderAdapter, 'wires' | 'wiresFor'>, model: string): readonly AnyWire[] =>
  adapter.wiresFor?.(model) ?? adapter.wires;
