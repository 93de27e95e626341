/** Who asks, and what holds for them: the pod itself, whose policy says it; a caller may add the end user and a feature, never a team. */
import type { Attribution, PolicyBudget } from '#contract/policy/policy';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Call } from './call.ts';
import { keyOf } from './caller-key.ts';
import type { CompiledKey } from './policy/compiled-key.ts';
import { limitsWith } from './policy/limit-sets.ts';
import type { CompiledModelRule, Snapshot } from './policy/snapshot.ts';
import { callerHeader, type RequestRecorder } from './request-recorder.ts';

/** Longest value that is kept of what a caller says about itself; it becomes a log field. */
export const LONGEST_CLAIM = 256;

export interface Caller {
  readonly attribution: Attribution;
  /** The end user, by header, else as the body says. */
  readonly user: string | undefined;
  /** As it says itself. */
  readonly tier: string | undefined;
  /** The conversation, by header. */
  readonly session: string | undefined;
  /** The run of an agent, by header. */
  readonly run: string | undefined;
  /** `namespace/name` of the AIKey that it comes with. */
  readonly key?: string;
  /** What that says of it. */
  readonly heldTo?: CompiledKey;
  /** Version of the book that list prices are of. */
  readonly priceBook?: string | undefined;
  /** Every limit that its requests count against. */
  readonly budgets: readonly PolicyBudget[];
  /** The one of them that lowered the request to another model, and refuses it no more. */
  readonly spared?: PolicyBudget;
  /** Every label that the policy asks for; empty where it is not there. */
  readonly labels: ReadonlyMap<string, string>;
  /** Which models it may use. */
  readonly modelRules: readonly CompiledModelRule[];
}

/** What is known before the request is decoded, so that a malformed one is attributed as well. Throws `key_unknown`, `key_revoked` or `key_expired`. */
export function identify(call: Call, snapshot: Snapshot, log: RequestRecorder, nowMs: number): Caller {
  const { attribution } = snapshot.policy;
  log.attribution = claimed(attribution, call);
  log.policyHash = snapshot.hash;
  const key = keyOf(call.keyDigest, snapshot, nowMs);
  if (key !== undefined) {
    log.key = key.name;
    log.attribution = { ...log.attribution, ...key.attribution };
  }
  const user = key?.user ?? callerHeader(call, 'user');
  const tier = callerHeader(call, 'tier');
  return {
    attribution: log.attribution,
    user: user && cutClaim(user),
    tier: tier && cutClaim(tier),
    session: claimIn(call, 'session'),
    run: claimIn(call, 'run'),
    ...(key !== undefined && { key: key.name, heldTo: key }),
    priceBook: snapshot.policy.priceBook,
    budgets: limitsWith(snapshot.budgets.requests, key?.budgets?.requests),
    modelRules: snapshot.modelRules,
    labels: snapshot.labels,
  };
}

/** With what the caller says of itself: a feature, whatever the pod's is, and a region where no label states one. */
function claimed(attribution: Attribution, call: Call): Attribution {
  const feature = callerHeader(call, 'feature');
  const region = attribution.region === undefined ? callerHeader(call, 'region') : undefined;
  if (feature === undefined && region === undefined) return attribution;
  return {
    ...attribution,
    ...(feature !== undefined && { feature: cutClaim(feature) }),
    ...(region !== undefined && { region }),
  };
}

/** What the decoded request adds. */
export function withClaims(caller: Caller, request: CanonicalRequest, log: RequestRecorder): Caller {
  const user = caller.user ?? (request.user && cutClaim(request.user));
  log.user = user;
  log.requestedModel = cutClaim(request.model) || undefined;
  log.stream = request.stream;
  return user === caller.user ? caller : { ...caller, user };
}

/** Of what a header says about the caller: as much as is kept. */
export function claimIn(call: Pick<Call, 'headers'>, name: 'session' | 'run'): string | undefined {
  const text = callerHeader(call, name);
  return text && cutClaim(text);
}

/** Of what a caller says about itself: no longer than is kept. */
const cutClaim = (text: string): string => (text.length > LONGEST_CLAIM ? text.slice(0, LONGEST_CLAIM) : text);
