/**
 * Large requests, in slices: other requests get their turn of the event loop between any two. Small ones never come here, since a slice
 * costs a turn and a promise.
 */
import { setImmediate as nextLoop } from 'node:timers/promises';
import type { JsonObject } from '#sidecar/canonical/json';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Sliced } from '#sidecar/canonical/slice';
import type { InputInspection } from '#sidecar/guardrails/guardrail';
import { joinSliced } from '#sidecar/json/join-sliced';
import { readBody, readBodySliced } from '#sidecar/json/sliced-body';
import { stringifySliced } from '#sidecar/json/sliced-text';
import { splicePieces } from '#sidecar/json/top-level';
import type { Call } from './call.ts';
import { type Content, type ContentQuestion, jsonContent, LIMITS } from './content.ts';
import { DEFAULT_CONTENT, type DecodedRequest, decode, decodeContent } from './decode.ts';
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
  // Of a form only the text is read, and that is short.
  if (kind !== 'json') return decode(bytes, call);
  const decoded = decodeContent(await readLarge({ bytes, type: undefined, readKeys }, call.scope), call);
  await turnOf(call.scope);
  return decoded;
}

async function readLarge(question: ContentQuestion, scope: RequestScope): Promise<Content> {
  const read = await inTurns(readBodySliced(question.bytes, LIMITS), scope);
  const content = jsonContent(read, question);
  const members = read.ok ? read.members : [];
  return {
    ...content,
    edited: (edits) => inTurns(joinSliced(splicePieces(content.bytes, members, edits)), scope),
    rewritten: (body) => inTurns(stringifySliced(body), scope),
  };
}

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
): Uint8Array | Promise<Uint8Array> =>
  sliced ? inTurns(stringifySliced(body), scope) : Buffer.from(JSON.stringify(body));

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

/** A slice each turn, and what is before and behind it in turns of their own. Throws the cause of a cancel as soon as there is one. */
async function inTurns<T>(work: Sliced<T>, scope: RequestScope): Promise<T> {
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
