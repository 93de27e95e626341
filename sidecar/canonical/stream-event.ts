/**
 * The events of a streamed answer, between a provider's decoder and a dialect's encoder. Names are noun-verb. Within one choice a
 * block (text, reasoning, tool call, refusal) is opened by its first event and closed by the next block or by `finish`.
 */
import type { FinishReason } from './chat-response.ts';
import type { ApiMembers } from './extensions.ts';
import type { ProviderFailure } from './failure.ts';
import type { JsonValue } from './json.ts';
import type { ImagePart, OpaquePart } from './part.ts';
import type { Sealed } from './sealed.ts';
import type { Usage } from './usage.ts';

export type StreamEvent =
  | { readonly type: 'response-start'; readonly id: string; readonly model: string; readonly created?: number }
  | { readonly type: 'text-delta'; readonly choice: number; readonly text: string; readonly logprobs?: JsonValue }
  | { readonly type: 'reasoning-delta'; readonly choice: number; readonly text: string }
  | { readonly type: 'reasoning-signature'; readonly choice: number; readonly signature: Sealed }
  | { readonly type: 'reasoning-redacted'; readonly choice: number; readonly redacted: Sealed }
  | { readonly type: 'refusal-delta'; readonly choice: number; readonly text: string }
  /** `index` numbers the tool calls of one choice from 0. */
  | {
      readonly type: 'tool-call-start';
      readonly choice: number;
      readonly index: number;
      readonly id: string;
      readonly name: string;
      readonly signature?: Sealed;
      readonly extensions?: ApiMembers;
    }
  | { readonly type: 'tool-call-delta'; readonly choice: number; readonly index: number; readonly arguments: string }
  /** A whole block that only one API knows, or what that API adds to the block that is open. Other dialects leave it out. */
  | { readonly type: 'opaque-part'; readonly choice: number; readonly part: OpaquePart }
  /** A whole picture. */
  | { readonly type: 'image'; readonly choice: number; readonly image: ImagePart }
  /** What only one API says of a choice beside its blocks, such as sources: lists go on where earlier ones end. */
  | { readonly type: 'members'; readonly choice: number; readonly extensions: ApiMembers }
  | {
      readonly type: 'finish';
      readonly choice: number;
      readonly reason: FinishReason;
      readonly raw?: string;
      readonly extensions?: ApiMembers;
    }
  /** Cumulative; a later one replaces an earlier one. */
  | { readonly type: 'usage'; readonly usage: Usage; readonly extensions?: ApiMembers }
  /** The provider reported a failure inside the stream. */
  | { readonly type: 'error'; readonly error: ProviderFailure }
  /** The provider ended the stream as its protocol says. A stream that ends without it is broken. */
  | { readonly type: 'response-end' };

/** What a client would notice: after the first of these was delivered nothing may be retried. */
export const isContentEvent = (event: StreamEvent): boolean =>
  event.type === 'text-delta' ||
  event.type === 'reasoning-delta' ||
  event.type === 'reasoning-signature' ||
  event.type === 'reasoning-redacted' ||
  event.type === 'refusal-delta' ||
  event.type === 'tool-call-start' ||
  event.type === 'tool-call-delta' ||
  event.type === 'opaque-part' ||
  event.type === 'image' ||
  event.type === 'finish';
