/** What a request is classified as: worked out when something first asks, once per request, and never where nothing does. */
import { LATENCIES, type Latency } from '#contract/resources/request-class';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import { classify, type RequestClass } from '#sidecar/classify/classify';
import type { Call } from './call.ts';
import type { Caller } from './identify.ts';
import type { ClassMatch } from './policy/class-match.ts';
import type { CompiledRoute } from './policy/snapshot.ts';
import { callerHeader, type RequestRecorder } from './request-recorder.ts';

interface ClassQuestion {
  readonly call: Call;
  readonly caller: Caller;
  readonly request: CanonicalRequest;
  readonly log: RequestRecorder;
}

/** `route`: the one that serves the request's model, where one does. */
export function classOf(
  { call, caller, request, log }: ClassQuestion,
  route: Pick<CompiledRoute, 'policy'> | undefined,
): RequestClass {
  log.requestClass ??= classify(request, {
    latency: latencyOf(callerHeader(call, 'latency')),
    isJob: call.patienceMs !== undefined,
    routeLatency: route?.policy.latency,
    tier: caller.tier,
  });
  return log.requestClass;
}

const BY_WORD: ReadonlyMap<string, Latency> = new Map(
  (Object.keys(LATENCIES) as Latency[]).map((latency) => [LATENCIES[latency], latency]),
);

const latencyOf = (word: string | undefined): Latency | undefined =>
  word === undefined ? undefined : BY_WORD.get(word);

export function matchesClass(
  { requestClass: wanted }: { readonly requestClass: ClassMatch | undefined },
  question: ClassQuestion,
  route: CompiledRoute,
): boolean {
  if (wanted === undefined) return true;
  const { task, complexity, latency, costClass } = classOf(question, route);
  return (
    (wanted.task === undefined || wanted.task === task) &&
    (wanted.complexity === undefined || wanted.complexity === complexity) &&
    (wanted.latency === undefined || wanted.latency === latency) &&
    (wanted.costClass === undefined || wanted.costClass === costClass)
  );
}
