/** Who asks: the pod itself, whose attribution is part of its policy; a caller may add the end user and a feature, never a team. */
import type { Attribution } from '#contract/policy/policy';
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { Call } from './call.ts';
import type { Snapshot } from './policy/snapshot.ts';
import { callerHeader, type RequestRecorder } from './request-recorder.ts';

/** Longest value that is kept of what a caller says about itself; it becomes a log field. */
const LONGEST_CLAIM = 256;

export interface Caller {
  readonly attribution: Attribution;
  /** The end user by header; a user in the body counts where there is none. */
  readonly user: string | undefined;
}

export function identify(call: Call, snapshot: Snapshot, log: RequestRecorder): Caller {
  const feature = callerHeader(call, 'feature');
  const { attribution } = snapshot.policy;
  const caller: Caller = {
    attribution: feature === undefined ? attribution : { ...attribution, feature: cut(feature) },
    user: callerHeader(call, 'user'),
  };
  log.attribution = caller.attribution;
  log.policyHash = snapshot.hash;
  return caller;
}

/** What the decoded request adds to what the log knows. */
export function noteRequest(request: ChatRequest, caller: Caller, log: RequestRecorder): void {
  const user = caller.user ?? request.user;
  if (user !== undefined) log.user = cut(user);
  log.requestedModel = cut(request.model);
  log.stream = request.stream;
}

const cut = (text: string): string => (text.length > LONGEST_CLAIM ? text.slice(0, LONGEST_CLAIM) : text);
