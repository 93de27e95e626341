/** Everything else: the canonical request is written for the provider, and its canonical answer for the client; an answer without a canonical form goes through. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { EncodeContext, StreamEncoder } from '#sidecar/dialects/dialect';
import { writeSse } from '#sidecar/stream/write-sse';
import { Losses } from '#sidecar/wires/losses';
import type { Lane, OutgoingRequest, StreamWriter } from './lane.ts';

export const translate: Lane = {
  name: 'translate',
  keepsAnswer: false,

  outgoing({ content, request, wire, model, maxOutputTokens, boundTools, onUnsupported, clientPath }) {
    const bounded = maxOutputTokens === undefined ? request : { ...request, maxOutputTokens };
    const losses = new Losses(wire.name, onUnsupported, clientPath);
    const encode = (): JsonObject => {
      const body = wire.encodeRequest(bounded, model, losses);
      return boundTools === undefined ? body : { ...body, ...boundTools(body) };
    };
    const { inTurns } = content;
    const bytes = inTurns === undefined ? content.rewritten(encode()) : inTurns(encode).then(content.rewritten);
    const outgoing = (written: Uint8Array): OutgoingRequest => ({ bytes: written, dropped: losses.dropped });
    return bytes instanceof Promise ? bytes.then(outgoing) : outgoing(bytes);
  },

  encodeWhole: ({ response, raw }, dialect, context) =>
    dialect.encodeResponse === undefined ? raw : dialect.encodeResponse(response, context),

  streamWriter: ({ streamEncoder }, context) =>
    streamEncoder === undefined ? ({ raw }) => raw : eventWriter(streamEncoder, context),
};

function eventWriter(
  encoder: StreamEncoder<unknown, CanonicalRequest>,
  context: EncodeContext<CanonicalRequest>,
): StreamWriter {
  let state = encoder.start(context);
  const write = (event: StreamEvent): string => {
    const [next, encoded] = encoder.step(state, event);
    state = next;
    return encoded.map(writeSse).join('');
  };
  return ({ events }) => events.map(write).join('');
}
