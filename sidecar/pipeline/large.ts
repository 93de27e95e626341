/**
 * Large requests and answers, in slices: other requests get their turn of the event loop between any two. Small ones never come here, since a
 * slice costs a turn and a promise.
 */
import { setImmediate as nextLoop } from 'node:timers/promises';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Sliced } from '#sidecar/canonical/slice';
import { resting } from '#sidecar/canonical/walk';
import type { ContentKind } from '#sidecar/dialects/dialect';
import type { InputInspection } from '#sidecar/guardrails/guardrail';
import { parseJson } from '#sidecar/json/body';
import { joinSliced } from '#sidecar/json/join-sliced';
import { readBody, readBodySliced } from '#sidecar/json/sliced-body';
import { stringifySliced } from '#sidecar/json/sliced-text';
import type { Answer } from './attempts/answer.ts';
import type { Call } from './call.ts';
import { type Content, type ContentQuestion, jsonContent, LIMITS, readContent } from './content.ts';
import { DEFAULT_CONTENT, type DecodedRequest, decodeContent } from './decode.ts';
import { type EncodeQuestion, encode, type Outgoing } from './encode.ts';
import { inspectInput } from './inspect-input.ts';
import type { Snapshot } from './policy/snapshot.ts';
import type { RequestScope } from './scope/request-scope.ts';

/** From here on a body is read and written in slices; below, that takes some milliseconds in all, and slices would add a third. */
const LARGE_BYTES = 1024 * 1024;
/** From here on what guardrails look for is looked for in slices: patterns take many times longer than a parser. */
const LARGE_GUARDED_BYTES = 64 * 1024;

export const isLarge = (bytes: Pick<Uint8Array, 'length'>): boolean => bytes.length > LARGE_BYTES;
export const isLargeToInspect = (bytes: Uint8Array): boolean => bytes.length > LARGE_GUARDED_BYTES;

/** As `decode`. */
export async function decodeLarge(bytes: Uint8Array, call: Call): Promise<DecodedRequest> {
  const { content: kind = DEFAULT_CONTENT, readKeys } = call.endpoint.dialect;
  const content = await readLarge(kind, { bytes, type: call.headers['content-type'], readKeys }, call);
  return runLarge(() => decodeContent(content, call), call.scope);
}

/** Of the bound on all bytes that are held: with them the body of most places fits, and no second one of its kind, for which the heap has no room. */
const PLACE_BYTES = 6;

async function readLarge(kind: ContentKind, question: ContentQuestion, { scope, body }: Call): Promise<Content> {
  const isJson = kind === 'json';
  const limits = { ...LIMITS, weigh: (places: number): void => body.weigh(places * PLACE_BYTES) };
  const content = isJson
    ? jsonContent(await inTurns(readBodySliced(question.bytes, limits), scope), question)
    : await runLarge(() => readContent(kind, question), scope);
  const edited: Content['edited'] = (edits) => inTurns(joinSliced(content.pieces(edits)), scope);
  return {
    ...content,
    edited,
    rewritten: isJson ? (changed) => writeLarge(changed, scope) : edited,
    inTurns: (work) => runLarge(work, scope),
  };
}

const writeLarge = (body: JsonObject, scope: RequestScope): Promise<Uint8Array> =>
  inTurns(stringifySliced(body), scope);

/** Runs a pure function whose walks rest. */
export const runLarge = <T>(work: () => T, scope: RequestScope): Promise<T> => inTurns(resting(work), scope);

/** As the parser reads what it is given whole; undefined: it is no JSON. */
export async function parseLarge(json: Uint8Array, scope: RequestScope): Promise<JsonValue | undefined> {
  const read = await inTurns(readBodySliced(json, ANY_DEPTH), scope);
  if (read.ok) return read.body;
  // What a provider may write is not ours to refuse, such as half a character.
  return read.reason === 'syntax' ? undefined : parseJson(UTF8.decode(json));
}

const ANY_DEPTH = { maxDepth: Number.POSITIVE_INFINITY };
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** JSON that was an object here before. `sliced`: it is part of something large. */
export async function parseObject(json: Uint8Array, sliced: boolean, scope: RequestScope): Promise<JsonObject> {
  const read = sliced ? await inTurns(readBodySliced(json, LIMITS), scope) : readBody(json, LIMITS);
  if (!read.ok) throw new Error(read.message);
  return read.body;
}

export const writeObject = (
  body: JsonObject,
  sliced: boolean,
  scope: RequestScope,
): Uint8Array | Promise<Uint8Array> => (sliced ? writeLarge(body, scope) : Buffer.from(JSON.stringify(body)));

/** As `inspectInput`. */
export function inspectLarge(
  request: CanonicalRequest,
  snapshot: Snapshot,
  scope: RequestScope,
): Promise<InputInspection> | InputInspection {
  const { guardrails, policy } = snapshot;
  if (!guardrails.hasInput) return inspectInput(request, snapshot);
  // None: what a classifier may be told, which stands under no tag.
  const tags = [...policy.providers.map((provider) => provider.tags), []];
  return inTurns(guardrails.inspectInputSliced(request, tags), scope);
}

export const isLargeAnswer = (answer: Answer): boolean => answer.kind === 'whole' && isLarge(answer.item.raw);

export const isLargeAnswerToInspect = (answer: Answer): boolean =>
  answer.kind === 'whole' && isLargeToInspect(answer.item.raw) && answer.by.outputGuard !== null;

/** As `encode`. */
export async function encodeLarge(answer: Answer, question: EncodeQuestion): Promise<Outgoing> {
  const { scope } = question.call;
  const outgoing = await runLarge(() => encode(answer, question), scope);
  if (outgoing.kind === 'stream' || outgoing.body instanceof Uint8Array) return outgoing;
  return { ...outgoing, body: await writeLarge(outgoing.body, scope) };
}

/** A slice each turn, and what is before and behind it in turns of their own. Throws the cause of a cancel as soon as there is one. */
export async function inTurns<T>(work: Sliced<T>, scope: RequestScope): Promise<T> {
  for (;;) {
    await turnOf(scope);
    const step = work.next();
    if (step.done !== true) continue;
    await turnOf(scope);
    return step.value;
  }
}

async function turnOf(scope: RequestScope): Promise<void> {
  await nextTurn();
  scope.throwIfCancelled();
}

/** Of all large requests together: one slice in each turn of the loop, however many are under way. */
let last: Promise<void> = Promise.resolve();

function nextTurn(): Promise<void> {
  last = last.then(() => nextLoop());
  return last;
}
