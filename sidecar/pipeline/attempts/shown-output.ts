/** Whether what a stream shows bounds what it bills, so that its reservation may grow with it; else all that it may use is reserved before it is sent. */
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { ApiExtension } from '#sidecar/canonical/extensions';
import type { AnyDialect } from '#sidecar/dialects/dialect';
import type { Candidate } from './candidate.ts';
import type { Plan } from './plan.ts';

export function showsAllItBills({ candidate, wire, lane }: Plan, dialect: AnyDialect): boolean {
  const canEnd = lane.name === 'translate' || dialect.streamEnder !== undefined;
  return candidate.request.stream && canEnd && wire.streamDecoder !== undefined && hidesNothing(candidate);
}

/** Whether an answer of it bills no more output than it shows. */
export function hidesNothing({ request, model, provider, target }: Candidate): boolean {
  const shown = provider.adapter.shownOutput;
  if (shown === undefined || request.operation !== 'chat') return false;
  const { price } = target.policy;
  const isText = price?.outputAudioPico === undefined && price?.outputImagePico === undefined;
  if (!isText || asksForMore(request)) return false;
  return shown.always?.test(model) === true || (shown.unlessReasoning?.test(model) === true && !mayReason(request));
}

/** Several answers, numbers beside each token, or what only one API knows: other outputs, tools that the provider runs, turns that it keeps. */
const asksForMore = ({ choiceCount = 1, logprobs, isAnsweredLater, extensions }: ChatRequest): boolean =>
  choiceCount > 1 ||
  logprobs !== undefined ||
  isAnsweredLater === true ||
  Object.values(extensions).some((extension) => extension !== undefined && saysMore(extension));

const saysMore = ({ essential, indispensable }: ApiExtension): boolean =>
  Object.keys(essential).length > 0 || indispensable !== undefined;

/** An API may have words of its own for it, whose loss would not change an answer elsewhere. */
const mayReason = ({ reasoning, extensions }: ChatRequest): boolean =>
  (reasoning !== undefined && reasoning.effort !== 'none') ||
  Object.values(extensions).some((extension) => extension?.inert.thinking !== undefined);
