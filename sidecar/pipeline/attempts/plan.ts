/** How one attempt is made: over which wire and lane, to which path, with which bytes. */
import { type AskedTools, DEFAULT_TOOL_CALLS } from '#sidecar/canonical/hosted-tools';
import type { JsonObject } from '#sidecar/canonical/json';
import { operationOf } from '#sidecar/canonical/operation';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import { lazy } from '#sidecar/canonical/walk';
import { clientPath } from '#sidecar/dialects/client-paths';
import type { Call } from '#sidecar/pipeline/call';
import type { DecodedRequest } from '#sidecar/pipeline/decode';
import { type Ceiling, outputCeiling } from '#sidecar/pipeline/policy/ceilings';
import { wiresOf } from '#sidecar/providers/adapter';
import type { OnUnsupported } from '#sidecar/wires/losses';
import type { AnyWire } from '#sidecar/wires/wire';
import type { Candidate } from './candidate.ts';
import type { Lane, OutgoingRequest } from './lanes/lane.ts';
import { passthrough } from './lanes/passthrough.ts';
import { translate } from './lanes/translate.ts';

export interface Plan {
  readonly candidate: Candidate;
  readonly wire: AnyWire;
  /** Of the answer. The request may have gone another: what nobody had to change passes, also where the answer is to be inspected. */
  readonly lane: Lane;
  /** After the base URL of whichever server is asked. */
  readonly path: string;
  /** Those of the client that the provider's API knows, and the Content-Type of the bytes. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly dropped: readonly string[];
  /** Of all choices together. */
  readonly outputTokensAtMost: number;
  /** What it lets the provider's own tools do. Absent: there are none. */
  readonly tools?: AskedTools;
}

export interface PlanQuestion {
  readonly call: Call;
  readonly decoded: DecodedRequest;
  /** A budget applies. */
  readonly bounded: boolean;
  /** A budget in dollars applies. */
  readonly boundedInMoney: boolean;
  readonly ceilings: readonly Ceiling[];
  readonly onUnsupported: OnUnsupported;
  /** Another target may go on with the answer, so that it is written by us and not by its provider. */
  readonly mayBeJoined: boolean;
}

/** undefined: the target's API does not know the operation. Throws `unsupported_parameter` when it cannot express the request. */
export function planAttempt(candidate: Candidate, question: PlanQuestion): Plan | Promise<Plan> | undefined {
  const { call, decoded, onUnsupported } = question;
  const { request, model } = candidate;
  const way = wayTo(candidate, question);
  if (way === undefined) return undefined;
  const { wire, lane, asking } = way;
  const { content } = decoded;
  const { maxOutputTokens, outputTokensAtMost } = outputOf(request, question);
  const { boundTools, tools } = toolsOf(wire, question, model);
  const outgoing = asking.outgoing({
    content,
    request,
    wire,
    model,
    maxOutputTokens,
    boundTools,
    onUnsupported,
    clientPath: clientPathsOf(decoded),
  });
  const planOf = ({ bytes, dropped }: OutgoingRequest): Plan => ({
    candidate,
    wire,
    lane,
    path: wire.path(model, request.stream, request),
    headers: headersOf(content.type, wire.id === decoded.dialect.id ? wire.forwardedHeaders : [], call),
    bytes,
    dropped,
    outputTokensAtMost,
    tools,
  });
  return outgoing instanceof Promise ? outgoing.then(planOf) : planOf(outgoing);
}

/** What nobody stated is stated for it, where a budget or a ceiling must know a maximum. */
function outputOf(
  request: CanonicalRequest,
  { bounded, ceilings }: PlanQuestion,
): Pick<Plan, 'outputTokensAtMost'> & { readonly maxOutputTokens: number | undefined } {
  const output = operationOf(request).outputTokens?.(request);
  if (output === undefined) return { maxOutputTokens: undefined, outputTokensAtMost: 0 };
  const { atMost, answers, mustBeStated } = output;
  const ceiling = mustBeStated ? outputCeiling(ceilings, answers) : undefined;
  const held = ceiling === undefined ? atMost : Math.min(atMost, ceiling);
  const isBinding = bounded || ceilings.some(({ observedBy }) => observedBy === undefined);
  const isToState = mustBeStated && isBinding;
  return { maxOutputTokens: isToState ? held : undefined, outputTokensAtMost: held * answers };
}

interface BoundTools {
  readonly tools?: AskedTools | undefined;
  readonly boundTools?: ((body: JsonObject) => JsonObject) | undefined;
}

/** Tools that only this API knows reach nobody who speaks another one. What nobody stated is stated for it, where money must know a maximum. */
function toolsOf({ id, hostedTools }: AnyWire, question: PlanQuestion, model: string): BoundTools {
  const { decoded, ceilings, boundedInMoney } = question;
  if (hostedTools === undefined || id !== decoded.dialect.id) return NO_TOOLS;
  const { body } = decoded.content;
  const asked = hostedTools.asked(body, model);
  const isBinding =
    boundedInMoney ||
    ceilings.some(({ observedBy, maxNanoUsd }) => observedBy === undefined && maxNanoUsd !== undefined);
  const { bound } = hostedTools;
  if (asked === undefined || bound === undefined || !isBinding) return { tools: asked };
  const boundTools = (sent: JsonObject): JsonObject => bound(sent, DEFAULT_TOOL_CALLS);
  return { tools: hostedTools.asked({ ...body, ...boundTools(body) }, model), boundTools };
}
const NO_TOOLS: BoundTools = {};

/** Worked out when the first path is asked for: most requests lose nothing. */
function clientPathsOf({ dialect, content, said }: DecodedRequest): (path: string) => string {
  const pathsOf = lazy(() => dialect.clientPaths?.(content.body));
  return (path) => {
    const paths = pathsOf();
    const known = paths === undefined ? path : clientPath(path, paths);
    return said === undefined ? known : said.clientPath(known);
  };
}

function headersOf(type: string | undefined, forwarded: readonly string[], { headers }: Call): Record<string, string> {
  const sent: Record<string, string> = {};
  if (type !== undefined) sent['content-type'] = type;
  for (const name of forwarded) {
    const value = headers[name];
    if (typeof value === 'string') sent[name] = value;
  }
  return sent;
}

interface Way {
  readonly wire: AnyWire;
  /** Of the request. */
  readonly asking: Lane;
  /** Of the answer. */
  readonly lane: Lane;
}

/**
 * Of the wires that serve the operation the one of the client's own API, else the first, where answers can be written for the client at all;
 * bytes pass through only where nobody has to see or change them.
 */
function wayTo(candidate: Candidate, { decoded, mayBeJoined }: PlanQuestion): Way | undefined {
  const { dialect } = decoded;
  const wires = wiresOf(candidate.provider.adapter, candidate.model);
  const own = wires.find(({ id }) => id === dialect.id);
  if (own !== undefined) {
    const asking = mayPass(own, candidate, decoded) ? passthrough : translate;
    return { wire: own, asking, lane: candidate.outputGuard === null && !mayBeJoined ? asking : translate };
  }
  const canTranslate = dialect.encodeResponse !== undefined;
  const wire = canTranslate
    ? wires.find((each) => each.operation === dialect.operation && !each.ownClientsOnly)
    : undefined;
  return wire && { wire, asking: translate, lane: translate };
}

/** Nobody has to change the request's bytes, and this service understands them as they are. */
function mayPass(own: AnyWire, { maskedBy, model }: Candidate, { request, content }: DecodedRequest): boolean {
  const mustRewrite = 'mustRewrite' in request && request.mustRewrite === true;
  if (maskedBy.length > 0 || mustRewrite) return false;
  return own.canPass?.({ request, body: content.body, model }) ?? true;
}
