/** Which headers of a request its job needs: those that stages read. All else, such as keys and cookies, is not kept. */
import type { Reads } from '#contract/expressions/inspect-syntax';
import { REQUEST_HEADER } from '#contract/names/headers';
import type { Call } from '#sidecar/pipeline/call';
import { modelOf } from '#sidecar/pipeline/policy/bound-model';
import type { CompiledRoute } from '#sidecar/pipeline/policy/snapshot';
import { wiresOf } from '#sidecar/providers/adapter';

const OURS: readonly string[] = [
  ...[REQUEST_HEADER.user, REQUEST_HEADER.feature, REQUEST_HEADER.session, REQUEST_HEADER.run],
  REQUEST_HEADER.provider,
  ...[REQUEST_HEADER.latency, REQUEST_HEADER.tier, REQUEST_HEADER.priority, REQUEST_HEADER.region],
  REQUEST_HEADER.cache,
  ...['content-type', 'traceparent'],
];

export interface HeadersQuestion {
  readonly route: CompiledRoute;
  readonly model: string;
  /** What the expressions of the policy ask for. */
  readonly reads: Reads | undefined;
}

export function keptHeaders(
  headers: Call['headers'],
  { route, model, reads }: HeadersQuestion,
): Record<string, string> {
  const kept: Record<string, string> = {};
  const asked = reads?.headers ?? [];
  for (const name of [...OURS, ...matched(route), ...asked, ...forwarded(route, model)]) {
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value;
  }
  return kept;
}

/** By which the rules of the route tell requests apart. */
const matched = ({ rules }: CompiledRoute): string[] =>
  rules.flatMap(({ policy }) => policy.match.headers.map(({ name }) => name));

/** Those that the APIs of its targets know. */
const forwarded = ({ rules }: CompiledRoute, model: string): string[] =>
  rules
    .flatMap(({ targets, fallbacks, experiment }) => [
      ...[...targets, ...fallbacks],
      ...(experiment?.variants.map(({ target }) => target) ?? []),
    ])
    .flatMap((target) => wiresOf(target.provider.adapter, modelOf(target, model)))
    .flatMap(({ forwardedHeaders }) => forwardedHeaders);
