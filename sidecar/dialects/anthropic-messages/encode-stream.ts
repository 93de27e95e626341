/** Canonical events → Messages events. `message_stop` follows only what the provider itself ended. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { OpaquePart } from '#sidecar/canonical/part';
import { type Sealed, sealedText } from '#sidecar/canonical/sealed';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { Usage } from '#sidecar/canonical/usage';
import type { EncodeContext, StreamEncoder } from '#sidecar/dialects/dialect';
import type { SseEvent } from '#sidecar/stream/sse-event';
import { API_ID } from './api-id.ts';
import { omitsThinking } from './encode-response.ts';
import { encodeUsage } from './encode-usage.ts';
import { encodeStop } from './stop-reason.ts';
import {
  addWhole,
  type BlockStep,
  type Blocks,
  closeAll,
  closeBlock,
  growCall,
  NO_BLOCKS,
  openBlock,
  startCall,
  then,
} from './stream-blocks.ts';
import { blockDelta, frame } from './stream-frames.ts';

type BlockEvent = Exclude<
  Extract<StreamEvent, { readonly choice: number }>,
  { readonly type: 'finish' | 'image' | 'members' }
>;

export interface EncoderState {
  readonly context: EncodeContext;
  readonly id: string;
  readonly model: string;
  readonly hasStarted: boolean;
  readonly blocks: Blocks;
  readonly usage: Usage | undefined;
  readonly ownUsage: JsonObject;
  readonly finish: Extract<StreamEvent, { type: 'finish' }> | undefined;
  /** An error came: nothing that looks like success may follow. */
  readonly hasFailed: boolean;
}

type Step = readonly [EncoderState, readonly SseEvent[]];

export const streamEncoder: StreamEncoder<EncoderState> = {
  start: (context) => ({
    context,
    id: '',
    model: context.request.model,
    hasStarted: false,
    blocks: NO_BLOCKS,
    usage: undefined,
    ownUsage: {},
    finish: undefined,
    hasFailed: false,
  }),

  step(state, event) {
    switch (event.type) {
      case 'response-start':
        return [{ ...state, id: event.id, model: event.model === '' ? state.model : event.model }, []];
      case 'usage':
        return [{ ...state, usage: event.usage, ownUsage: event.extensions?.[API_ID] ?? {} }, []];
      case 'error':
        return [{ ...state, hasFailed: true }, []];
      case 'response-end':
        return state.hasFailed ? [state, []] : then(inBlocks(state, closeAll), endMessage);
      default:
        return stepChoice(state, event);
    }
  },
};

function stepChoice(state: EncoderState, event: Extract<StreamEvent, { readonly choice: number }>): Step {
  // The API has one choice, and a client of it cannot ask for more.
  if (event.choice !== 0) return [state, []];
  // It has no place for either.
  if (event.type === 'image' || event.type === 'members') return [state, []];
  if (event.type === 'finish') return inBlocks({ ...state, finish: event }, closeAll);
  const isWithheld = event.type === 'reasoning-delta' && omitsThinking(state.context);
  return isWithheld ? [state, []] : inBlocks(state, (blocks) => stepContent(blocks, event));
}

function inBlocks(state: EncoderState, change: (blocks: Blocks) => BlockStep): Step {
  return then(begin(state), (begun) => {
    const [blocks, events] = change(begun.blocks);
    return [blocks === begun.blocks ? begun : { ...begun, blocks }, events];
  });
}

/** The message begins with its first content, so that what is known of usage by then is said. */
function begin(state: EncoderState): Step {
  if (state.hasStarted) return [state, []];
  const message = {
    id: state.id,
    type: 'message',
    role: 'assistant',
    model: state.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: encodeUsage(state.usage, state.ownUsage),
  };
  return [{ ...state, hasStarted: true }, [frame('message_start', { message }), frame('ping')]];
}

function stepContent(blocks: Blocks, event: BlockEvent): BlockStep {
  switch (event.type) {
    case 'text-delta':
    case 'refusal-delta':
      return event.text === '' ? [blocks, []] : grow(blocks, 'text', { type: 'text_delta', text: event.text });
    case 'reasoning-delta':
      return event.text === ''
        ? [blocks, []]
        : grow(blocks, 'thinking', { type: 'thinking_delta', thinking: event.text });
    case 'reasoning-signature':
      return sign(blocks, event.signature);
    case 'reasoning-redacted':
      return addWhole(blocks, { type: 'redacted_thinking', data: sealedText(event.redacted, API_ID) });
    case 'tool-call-start':
      return startCall(blocks, event);
    case 'tool-call-delta':
      return growCall(blocks, event.index, event.arguments);
    case 'opaque-part':
      return addOpaque(blocks, event.part);
  }
}

const grow = (blocks: Blocks, kind: 'text' | 'thinking', delta: JsonObject): BlockStep =>
  then(openBlock(blocks, kind), (open) => [open, [blockDelta(open.index, delta)]]);

/** A signature ends its block; one without text is a block of its own. */
const sign = (blocks: Blocks, signature: Sealed): BlockStep =>
  then(grow(blocks, 'thinking', { type: 'signature_delta', signature: sealedText(signature, API_ID) }), closeBlock);

/** A whole block of this API, or what it says of the text that is open. */
function addOpaque(blocks: Blocks, { api, value }: OpaquePart): BlockStep {
  if (api !== API_ID) return [blocks, []];
  if (value.type === 'content_block_stop') return blocks.open === 'text' ? closeBlock(blocks) : [blocks, []];
  return value.type === 'citations_delta' ? grow(blocks, 'text', value) : addWhole(blocks, value);
}

/** Usage is cumulative; both it and the stop reason wait for the end, when the cost is known too. */
function endMessage(state: EncoderState): Step {
  const { context, finish } = state;
  const { context_management: contextManagement, ...own } = finish?.extensions?.[API_ID] ?? {};
  const messageDelta = {
    delta: encodeStop(finish?.reason ?? 'other', finish?.raw, own),
    usage: encodeUsage(state.usage, state.ownUsage, context.costUsd?.()),
    ...(contextManagement !== undefined && { context_management: contextManagement }),
  };
  return [state, [frame('message_delta', messageDelta), frame('message_stop')]];
}
