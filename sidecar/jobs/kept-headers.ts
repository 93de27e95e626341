/** Which headers of a request its job needs: those that stages read. All else, such as keys and cookies, is not kept. */
import { REQUEST_HEADER } from '#contract/names/headers';
import type { Call } from '#sidecar/pipeline/call';
import { modelOf } from '#sidecar/pipeline/policy/bound-model';
import type { CompiledRoute } from '#sidecar/pipeline/policy/snapshot';
import { wiresOf } from '#sidecar/providers/adapter';

const OURS: readonly string[] = [
  ...[REQUEST_HEADER.user, REQUEST_HEADER.feature, REQUEST_HEADER.session, REQUEST_HEADER.provider],
  ...['content-type', 'traceparent'],
];

export function keptHeaders(headers: Call['headers'], route: CompiledRoute, model: string): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of [...OURS, ...matched(route), ...forwarded(route, model)]) {
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
