/** How each fact of `contract/expressions/facts.ts` is worked out of a request: a row for each, and none missing. */
import { ExpressionFailed } from '#contract/expressions/compile-expression';
import type { FactTable } from '#contract/expressions/facts';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { ClassWords } from '#sidecar/classify/words-of';
import { type FoundPii, findPii, hasPii } from '#sidecar/guardrails/pii';
import type { Call } from '#sidecar/pipeline/call';
import type { Caller } from '#sidecar/pipeline/identify';
import { hasCode, hasImages, inputTokensOf, isChat, promptOf, systemOf, turnsOf } from './texts.ts';

export interface FactSource {
  readonly call: Pick<Call, 'endpoint' | 'headers'>;
  readonly request: CanonicalRequest;
  /** The headers that expressions name. */
  readonly headers: ReadonlySet<string>;
  /** Where it is known beforehand. */
  readonly pii?: FoundPii;
  /** What it is classified as, in the words of expressions. */
  readonly requestClass: () => ClassWords;
}

export const REQUEST_TABLE: FactTable<'request', FactSource> = {
  model: modelOf,
  dialect: ({ call }) => call.endpoint.dialect.id,
  operation: ({ request }) => request.operation,
  stream: ({ request }) => request.stream,
  inputTokens: ({ request }) => inputTokensOf(request),
  turns: ({ request }) => turnsOf(request),
  hasTools: ({ request }) => isChat(request) && request.tools.length > 0,
  hasImages: ({ request }) => hasImages(request),
  hasCode: ({ request }) => hasCode(request),
  prompt: ({ request }) => promptOf(request),
  system: ({ request }) => systemOf(request),
  headers: namedHeaders,
  pii: ({ request, pii }) => pii?.isFound ?? hasPii(request),
  piiKinds: piiKindsOf,
  task: ({ requestClass }) => requestClass().task ?? '',
  complexity: ({ requestClass }) => requestClass().complexity ?? '',
  latency: ({ requestClass }) => requestClass().latency,
  costClass: ({ requestClass }) => requestClass().costClass ?? '',
};

export const CALLER_TABLE: FactTable<'caller', Caller> = {
  user: ({ user }) => user ?? '',
  team: ({ attribution }) => attribution.team ?? '',
  project: ({ attribution }) => attribution.project ?? '',
  environment: ({ attribution }) => attribution.environment ?? '',
  region: ({ attribution }) => attribution.region ?? '',
  labels: ({ labels }) => labels,
  tier: ({ tier }) => tier ?? '',
  feature: ({ attribution }) => attribution.feature ?? '',
  namespace: ({ attribution }) => attribution.namespace,
  serviceAccount: ({ attribution }) => attribution.serviceAccount,
};

/** What a batch will ask of which models is not known yet where it begins, so that a rule on models cannot be judged then. */
function modelOf({ request }: FactSource): string {
  if (request.operation === 'batch_creation' || request.operation === 'file_upload')
    throw new ExpressionFailed('the models of a batch are asked for later');
  return request.model;
}

function piiKindsOf({ request, pii = findPii(request) }: FactSource): readonly string[] {
  if (pii.isUnreadable) throw new ExpressionFailed('the text is in a form that cannot be read');
  return pii.kinds;
}

function namedHeaders({ call, headers }: FactSource): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  for (const name of headers) {
    const value = Object.hasOwn(call.headers, name) ? call.headers[name] : undefined;
    if (value !== undefined) named.set(name, typeof value === 'string' ? value : value.join(', '));
  }
  return named;
}
