/** From the answer to what the client reads: bytes, and headers that say who answered. */
import { RESPONSE_HEADER } from '#contract/names/headers';
import { formatUsd } from '#contract/policy/money';
import type { JsonObject } from '#sidecar/canonical/json';
import { tightest } from '#sidecar/canonical/limit-view';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import { lostOfAnswer, lostOfEvent } from '#sidecar/dialects/answer-losses';
import type { EncodeContext } from '#sidecar/dialects/dialect';
import { writeSseComment } from '#sidecar/stream/write-sse';
import type { Answer, ItemSource, StreamAnswer, WholeAnswer } from './attempts/answer.ts';
import type { StreamItem } from './attempts/lanes/lane.ts';
import type { Call } from './call.ts';
import type { DecodedRequest } from './decode.ts';
import { madeAnswer } from './remembered/made-answer.ts';
import type { RememberedAnswers } from './remembered/remembered-answers.ts';
import { requestIdHeaders, variantHeader } from './request-id-headers.ts';
import type { RequestRecorder } from './request-recorder.ts';
import type { Selection } from './select-route.ts';

export type Outgoing =
  | {
      readonly kind: 'whole';
      readonly headers: Readonly<Record<string, string>>;
      /** Bytes, or what is to be written. */
      readonly body: Uint8Array | JsonObject;
    }
  | {
      readonly kind: 'stream';
      readonly headers: Readonly<Record<string, string>>;
      readonly source: ItemSource;
      readonly encode: (item: StreamItem) => Uint8Array | string;
      /** Keeps a quiet stream alive, where something may be put between its bytes. */
      readonly heartbeat?: string;
      /** Begun before there is anything to tell. */
      readonly isEarly: boolean;
    };

const HEARTBEAT = writeSseComment('waiting');

export interface EncodeQuestion {
  readonly call: Call;
  readonly decoded: DecodedRequest;
  readonly selection: Selection;
  readonly log: RequestRecorder;
  readonly nowUnixMs: number;
  readonly remembered: RememberedAnswers;
}

export function encode(answer: Answer, question: EncodeQuestion): Outgoing {
  return answer.kind === 'whole' ? encodeWhole(answer, question) : encodeStream(answer, question);
}

function encodeWhole(answer: WholeAnswer, question: EncodeQuestion): Outgoing {
  const lost = lostOfWhole(answer, question);
  const headers = answerHeaders(answer, question, lost);
  headers['content-type'] = 'application/json';
  const cost = answer.by.costNanoUsd;
  if (cost !== null) headers[RESPONSE_HEADER.costUsd] = formatUsd(cost);
  const context = encodeContext(answer, question);
  return { kind: 'whole', headers, body: answer.by.lane.encodeWhole(answer.item, question.decoded.dialect, context) };
}

function encodeStream(answer: StreamAnswer, question: EncodeQuestion): Outgoing {
  const headers = answerHeaders(answer, question, []);
  headers['content-type'] = answer.unreadType ?? 'text/event-stream; charset=utf-8';
  headers['cache-control'] = 'no-cache';
  const write = answer.by.lane.streamWriter(question.decoded.dialect, {
    ...encodeContext(answer, question),
    costUsd: () => (answer.by.costNanoUsd === null ? undefined : formatUsd(answer.by.costNanoUsd)),
  });
  const named = namedLosses(answer, question);
  const outgoing = {
    kind: 'stream',
    headers,
    source: answer.source,
    encode: (item: StreamItem) =>
      item.comment === undefined ? write(named(answer.each(item))) : writeSseComment(item.comment),
    isEarly: answer.isEarly === true,
  } as const;
  return answer.unreadType === undefined ? { ...outgoing, heartbeat: HEARTBEAT } : outgoing;
}

function encodeContext(answer: Answer, question: EncodeQuestion): EncodeContext<CanonicalRequest> {
  const { decoded, nowUnixMs } = question;
  const context = { request: decoded.request, nowSeconds: Math.floor(nowUnixMs / 1000) };
  const { recall } = decoded.dialect;
  const isAsItCame = recall === undefined || answer.by.lane.name === 'passthrough';
  return isAsItCame ? context : { ...context, made: madeAnswer(answer, recall, question) };
}

/** What of the answer the client's API has no place for. */
function lostOfWhole({ by, item: { response } }: WholeAnswer, { decoded, log }: EncodeQuestion): readonly string[] {
  const { choices } = response;
  if (by.lane.keepsAnswer || choices === undefined) return [];
  const lost = lostOfAnswer({ choices }, decoded.dialect);
  log.answerLost(lost);
  return lost;
}

/** Of a stream only the log can tell: its headers are gone. */
function namedLosses({ by }: StreamAnswer, { decoded, log }: EncodeQuestion): (item: StreamItem) => StreamItem {
  if (by.lane.keepsAnswer) return (item) => item;
  return (item) => {
    for (const event of item.events) log.answerLost(lostOfEvent(event, decoded.dialect));
    return item;
  };
}

function answerHeaders(
  answer: Answer,
  { call, decoded, selection, log }: EncodeQuestion,
  lost: readonly string[],
): Record<string, string> {
  const headers: Record<string, string> = {
    ...requestIdHeaders(decoded.dialect, call.requestId),
    [RESPONSE_HEADER.route]: selection.route.policy.key,
    [RESPONSE_HEADER.target]: answer.by.target,
    ...variantHeader(log),
    [RESPONSE_HEADER.attempts]: String(log.attempts.length),
    [RESPONSE_HEADER.policy]: log.policyHash ?? '',
  };
  if (log.cache !== undefined) headers[RESPONSE_HEADER.cache] = log.cache;
  if (log.downgraded !== undefined) headers[RESPONSE_HEADER.downgraded] = log.downgraded.by;
  const { limits } = answer.by;
  if (limits !== undefined) Object.assign(headers, decoded.dialect.limitHeaders?.(tightest(limits)));
  if (answer.by.estimated !== undefined) headers[RESPONSE_HEADER.estimated] = answer.by.estimated;
  const dropped = [...answer.by.dropped, ...lost];
  if (dropped.length > 0) headers[RESPONSE_HEADER.dropped] = namesOf(dropped);
  return headers;
}

/** Clients take 16 KiB of headers in all (Node's default), and a long conversation may lose something of each message. */
const MOST_NAMES_CHARS = 2_048;

/** As many as fit, and how many more there are. */
function namesOf(dropped: readonly string[]): string {
  const all = dropped.join(', ');
  if (all.length <= MOST_NAMES_CHARS) return all;
  const shown = all.slice(0, all.lastIndexOf(', ', MOST_NAMES_CHARS));
  return `${shown}, and ${dropped.length - shown.split(', ').length} more`;
}
