/**
 * A finished request as spans: one SERVER span that joins the caller's trace, one CLIENT span per attempt. Names and attributes follow
 * open-telemetry/semantic-conventions-genai; what it has no name for is `remora.*`. Pure, so that it is tested without a collector.
 */
import { formatUsd } from '#contract/policy/money';
import { totalCacheWriteTokens, totalInputTokens, totalOutputTokens } from '#sidecar/canonical/usage';
import { wordsOf } from '#sidecar/classify/words-of';
import type { AttemptRecord, RequestRecord } from './request-record.ts';

type SpanAttributes = Record<string, string | number | boolean | string[]>;

export interface SpanData {
  readonly name: string;
  readonly attributes: SpanAttributes;
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  /** Set when it failed: the error's type, never its text. */
  readonly errorType?: string;
}

export interface TraceData {
  readonly server: SpanData;
  readonly attempts: readonly SpanData[];
}

type SpanValues = Readonly<Record<string, SpanAttributes[string] | undefined>>;

/** Attributes without a value are left out. */
function attributes(values: SpanValues): SpanAttributes {
  const kept: SpanAttributes = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) kept[name] = value;
  return kept;
}

export function traceOf(record: RequestRecord): TraceData {
  return { server: serverSpan(record), attempts: record.attempts.map((attempt) => clientSpan(record, attempt)) };
}

/** OpenTelemetry's GenAI conventions have no name for any of these. */
function classAttributes({ requestClass, classifier }: RequestRecord): SpanValues {
  if (requestClass === undefined) return {};
  const { task, complexity, latency, costClass } = wordsOf(requestClass);
  return {
    'remora.task': task,
    'remora.complexity': complexity,
    'remora.latency': latency,
    'remora.cost_class': costClass,
    'remora.classifier': classifier,
    'remora.because': [...requestClass.because],
  };
}

const callerAttributes = ({ attribution, key }: RequestRecord): SpanValues => ({
  'remora.team': attribution?.team,
  'remora.project': attribution?.project,
  'remora.environment': attribution?.environment,
  'remora.feature': attribution?.feature,
  'remora.key': key,
});

const serverSpan = (record: RequestRecord): SpanData => ({
  name: `${record.operation} ${record.route ?? ''}`.trim(),
  startUnixMs: record.startUnixMs,
  endUnixMs: record.startUnixMs + record.durationMs,
  ...(record.outcome === 'ok' ? {} : { errorType: record.outcome }),
  attributes: attributes({
    'http.response.status_code': record.status,
    'gen_ai.operation.name': record.operation,
    'gen_ai.request.stream': record.stream,
    'remora.request.id': record.requestId,
    'remora.dialect': record.dialect,
    'remora.route': record.route,
    'remora.rule': record.rule,
    'remora.strategy': record.strategy,
    'remora.strategy.reason': record.strategyReason,
    'remora.left_out': record.leftOut?.map(({ target, reason }) => `${target}:${reason}`),
    'remora.unfit': record.unfit?.map(({ target, reason }) => `${target}:${reason}`),
    'remora.variant': record.variant,
    'remora.shadow': record.shadow,
    'remora.lane': record.lane,
    ...classAttributes(record),
    'remora.priority': record.queued?.priority,
    'remora.queue.waited_ms': record.queued && Math.round(record.queued.waitedMs),
    'remora.queue.waited_for': record.queued?.waitedFor,
    'remora.cache': record.cache,
    'remora.cache.skip': record.cacheSkip,
    'remora.downgraded.by': record.downgraded?.by,
    'remora.downgraded.to': record.downgraded?.model,
    ...callerAttributes(record),
    'remora.attempts': record.attempts.length,
    'remora.policy.hash': record.policyHash,
    'remora.decided_by': record.decidedBy,
    'remora.guardrails':
      record.guardrailActions.length > 0
        ? record.guardrailActions.map((fired) => `${fired.guardrail}:${fired.action}`)
        : undefined,
    'remora.required': record.required?.map(({ policy, tags }) => `${policy}:${tags.join('+')}`),
    'remora.would_have': record.wouldHave?.map(({ policy, rule, action }) => `${policy}/${rule}:${action}`),
    'remora.retries_denied': record.retriesDenied.length > 0 ? [...record.retriesDenied] : undefined,
    'remora.continued_by': record.continuedBy && [...record.continuedBy],
    'remora.cost_usd': record.costNanoUsd === null ? undefined : formatUsd(record.costNanoUsd),
    'error.type': record.outcome === 'ok' ? undefined : record.outcome,
  }),
});

const clientSpan = (record: RequestRecord, attempt: AttemptRecord): SpanData => ({
  name: `${record.operation} ${attempt.requestModel}`.trimEnd(),
  startUnixMs: attempt.startUnixMs,
  endUnixMs: attempt.startUnixMs + attempt.durationMs,
  ...(attempt.outcome === 'ok' ? {} : { errorType: attempt.outcome }),
  attributes: attributes({
    'gen_ai.operation.name': record.operation,
    'gen_ai.provider.name': attempt.providerName,
    'gen_ai.request.model': attempt.requestModel || undefined,
    'gen_ai.request.stream': record.stream,
    'gen_ai.response.model': attempt.responseModel,
    'gen_ai.response.id': attempt.upstreamRequestId,
    'gen_ai.response.finish_reasons': attempt.finishReasons === undefined ? undefined : [...attempt.finishReasons],
    'gen_ai.response.time_to_first_chunk':
      attempt.timeToFirstChunkMs === undefined ? undefined : attempt.timeToFirstChunkMs / 1000,
    'gen_ai.usage.input_tokens': attempt.usage && totalInputTokens(attempt.usage),
    'gen_ai.usage.output_tokens': attempt.usage && totalOutputTokens(attempt.usage),
    'gen_ai.usage.cache_read.input_tokens': attempt.usage?.cacheReadTokens,
    'gen_ai.usage.cache_write.input_tokens': attempt.usage && totalCacheWriteTokens(attempt.usage),
    'gen_ai.usage.reasoning.output_tokens': attempt.usage?.reasoningTokens,
    'server.address': attempt.serverAddress,
    'server.port': attempt.serverPort,
    'http.response.status_code': attempt.status,
    'remora.target': attempt.target,
    'remora.hedge': attempt.hedge,
    'remora.variant': record.variant,
    'remora.shadow': record.shadow,
    'remora.cost_usd': attempt.costNanoUsd === null ? undefined : formatUsd(attempt.costNanoUsd),
    'error.type': attempt.outcome === 'ok' ? undefined : attempt.outcome,
  }),
});
