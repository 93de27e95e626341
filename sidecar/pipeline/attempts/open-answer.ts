/** Reads the answer of one exchange until it is sure to be one: a whole document, or the beginning of a stream. */

import type { JsonValue } from '#sidecar/canonical/json';
import { isAboutKept } from '#sidecar/canonical/operation';
import type { CanonicalResponse } from '#sidecar/canonical/request';
import { isRest } from '#sidecar/canonical/walk';
import { isJsonObject, parseJson } from '#sidecar/json/body';
import { isLarge, parseLarge, runLarge } from '#sidecar/pipeline/large';
import { inSlices } from '#sidecar/pipeline/streams/sliced-source';
import { readWhole } from '#sidecar/upstream/read-whole';
import type { UpstreamResponse } from '#sidecar/upstream/upstream';
import { AnswerFailed } from '#sidecar/wires/answer-failed';
import type { AnyWire, StreamReading } from '#sidecar/wires/wire';
import type { Answer, StreamAnswer } from './answer.ts';
import { AttemptAnswerer } from './attempt-answerer.ts';
import { ByteStream } from './byte-stream.ts';
import { CommittedSource } from './committed-source.ts';
import { hasContentEvent, type StreamItem } from './lanes/lane.ts';
import { ProviderStream } from './provider-stream.ts';
import type { Exchange } from './send-attempt.ts';
import { failedInAnswer, malformed } from './upstream-failure.ts';

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });
const ANY_BYTES = 'application/octet-stream';

/** Throws AttemptFailed and UpstreamFault. Up to here every failure may be repaired by another attempt, from here on none. */
export function openAnswer(running: Exchange, response: UpstreamResponse): Answer | Promise<Answer> {
  const { wire, candidate } = running.plan;
  const { request } = candidate;
  const type = response.headers['content-type'];
  const isUnread = isAboutKept(request) && request.answersBytes === true;
  if (isUnread || (wire.passesBytes && !isOfType(type, /\bjson\b/i)))
    return openBytes(running, response, type ?? ANY_BYTES);
  const reading = request.stream ? eventsOf(wire) : undefined;
  return reading === undefined ? openWhole(running, response) : openEvents(running, response, reading);
}

const isOfType = (type: string | undefined, pattern: RegExp): boolean => type !== undefined && pattern.test(type);

const eventsOf = ({ framing, streamDecoder }: AnyWire): StreamReading | undefined =>
  framing === undefined || streamDecoder === undefined ? undefined : { framing, streamDecoder };

function openWhole(running: Exchange, response: UpstreamResponse): Answer | Promise<Answer> {
  const raw = readWhole(response);
  const read = (bytes: Uint8Array): Answer | Promise<Answer> =>
    isLarge(bytes) ? readLarge(running, response, bytes) : readSmall(running, response, bytes);
  return raw instanceof Promise ? raw.then(read) : read(raw);
}

function readSmall(running: Exchange, response: UpstreamResponse, raw: Uint8Array): Answer {
  return answerOf(running, raw, decoding(running, response, parseJson(UTF8.decode(raw)))());
}

async function readLarge(running: Exchange, response: UpstreamResponse, raw: Uint8Array): Promise<Answer> {
  const { scope } = running.question.call;
  const decode = decoding(running, response, await parseLarge(raw, scope));
  return answerOf(running, raw, await runLarge(decode, scope));
}

const decoding =
  ({ plan: { candidate, wire } }: Exchange, response: UpstreamResponse, body: JsonValue | undefined) =>
  (): CanonicalResponse => {
    if (!isJsonObject(body)) throw malformed(candidate, 'The body of the answer is not a JSON object.');
    try {
      return wire.decodeResponse(body, response.headers);
    } catch (cause) {
      if (isRest(cause)) throw cause;
      if (cause instanceof AnswerFailed) throw failedInAnswer(candidate, cause.failure, response);
      throw malformed(candidate, 'The body of the answer is not of this API.', cause);
    }
  };

function answerOf({ plan, log, question }: Exchange, raw: Uint8Array, decoded: CanonicalResponse): Answer {
  const response = question.deps.keepers.countedOnce(decoded);
  log.answered(response);
  return { kind: 'whole', by: new AttemptAnswerer(plan, log), item: { response, raw } };
}

/** Reads until the first content event, or the first event of any kind where the route says so. */
async function openEvents(
  running: Exchange,
  response: UpstreamResponse,
  reading: StreamReading,
): Promise<StreamAnswer> {
  const { plan, log, question } = running;
  const isEarly = question.selection.route.policy.stream?.holdUntil === 'FirstByte';
  if (isOfType(response.headers['content-type'], /\b(html|json)\b/i)) {
    throw malformed(plan.candidate, 'The provider answered a document where a stream was asked for.');
  }
  const reader = await reading.framing();
  const stream = new ProviderStream(running, response, { reader, streamDecoder: reading.streamDecoder });
  const opening: StreamItem[] = [];
  for (;;) {
    const items = await stream.read();
    if (items === null) throw malformed(plan.candidate, 'The stream held no content.');
    opening.push(...items);
    const hasContent = items.some(hasContentEvent);
    if (!hasContent && !isEarly) continue;
    const source = new CommittedSource(opening, stream, running, hasContent);
    const answer = {
      kind: 'stream',
      by: new AttemptAnswerer(plan, log),
      source: inSlices(source, running),
      each: (item: StreamItem) => item,
    } as const;
    return hasContent ? answer : { ...answer, isEarly: true };
  }
}

/** The first byte is content. */
async function openBytes(running: Exchange, response: UpstreamResponse, type: string): Promise<StreamAnswer> {
  const { plan, log } = running;
  if (isOfType(type, /\bhtml\b/i)) throw malformed(plan.candidate, 'The provider answered a web page.');
  const stream = new ByteStream(response);
  const opening = await stream.read();
  if (opening === null) throw malformed(plan.candidate, 'The answer is empty.');
  const source = new CommittedSource(opening, stream, running);
  return { kind: 'stream', by: new AttemptAnswerer(plan, log), source, each: (item) => item, unreadType: type };
}
