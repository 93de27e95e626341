/** How many output tokens a streamed answer has, at most, by what of it has come. */
import type { Choice } from '#sidecar/canonical/chat-response';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { totalOutputTokens } from '#sidecar/canonical/usage';
import type { StreamItem } from '#sidecar/pipeline/attempts/lanes/lane';

/** Tokens that begin and end an answer, or a call in it, and are not seen. */
const FRAME_TOKENS = 16;

/** `before`: of what came before the item. A byte-level tokenizer has no more tokens than bytes, and each piece has one at least. */
export function generatedWith(before: number, { events, raw }: StreamItem): number {
  let tokens = before;
  for (const event of events) {
    // What the provider has counted already is no less.
    if (event.type === 'usage') tokens = Math.max(tokens, totalOutputTokens(event.usage));
    else tokens += tokensOf(event, raw);
  }
  return tokens;
}

/** The same of a whole answer, which as JSON is no shorter than what the model wrote. */
export const wholeTokens = (choices: readonly Choice[] = []): number =>
  choices.reduce((tokens, { parts }) => tokens + FRAME_TOKENS + bytesOf(JSON.stringify(parts)), 0);

function tokensOf(event: StreamEvent, raw: Uint8Array): number {
  switch (event.type) {
    case 'text-delta':
    case 'reasoning-delta':
    case 'refusal-delta':
      return bytesOf(event.text);
    case 'tool-call-delta':
      return bytesOf(event.arguments);
    case 'tool-call-start':
      return FRAME_TOKENS + bytesOf(event.name);
    case 'response-start':
      return FRAME_TOKENS;
    // Nothing of it is read here.
    case 'reasoning-signature':
    case 'reasoning-redacted':
    case 'opaque-part':
    case 'image':
      return raw.length;
    default:
      return 0;
  }
}

const bytesOf = (text: string): number => Math.max(1, Buffer.byteLength(text));
