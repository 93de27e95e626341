/** Client and provider speak the same: the bytes go through, with single values of the request replaced. */
import { isContentEvent } from '#sidecar/canonical/stream-event';
import type { Lane, OutgoingRequest, StreamItem } from './lane.ts';

const NOTHING = new Uint8Array();

export const passthrough: Lane = {
  name: 'passthrough',
  keepsAnswer: true,

  outgoing({ content, wire, model, maxOutputTokens, boundTools }) {
    const edited = wire.passthroughEdits?.(content.body, {
      model,
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    });
    const edits = boundTools === undefined ? edited : { ...edited, ...boundTools(content.body) };
    const bytes = edits === undefined ? content.bytes : content.edited(edits);
    return bytes instanceof Promise ? bytes.then(asItCame) : asItCame(bytes);
  },

  encodeWhole: (item) => item.raw,

  streamWriter: (_dialect, { request }) =>
    request.includeUsage ? (item) => item.raw : (item) => (isUsageOnly(item) ? NOTHING : item.raw),
};

const asItCame = (bytes: Uint8Array): OutgoingRequest => ({ bytes, dropped: NONE });
const NONE: readonly string[] = [];

/** The usage chunk that we asked for and the client did not. */
const isUsageOnly = ({ events }: StreamItem): boolean =>
  events.some(({ type }) => type === 'usage') &&
  !events.some((event) => isContentEvent(event) || event.type === 'response-end' || event.type === 'error');
