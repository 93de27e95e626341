/** The log of the data plane: one JSON line per event on standard output. Content, headers and keys never reach it. */
import { formatUsd } from '#contract/policy/money';
import { totalCacheWriteTokens, totalInputTokens, totalOutputTokens } from '#sidecar/canonical/usage';
import type { AttemptRecord, RequestRecord } from './request-record.ts';

/** What is logged of one attempt. */
const attemptFields = (attempt: AttemptRecord): object => ({
  target: attempt.target,
  outcome: attempt.outcome,
  status: attempt.status,
  ms: Math.round(attempt.durationMs),
  upstreamRequestId: attempt.upstreamRequestId,
});

/** The one line of a request. Field names are part of what users parse; add, never rename. */
function requestLogFields(record: RequestRecord): object {
  return {
    requestId: record.requestId,
    dialect: record.dialect,
    operation: record.operation,
    model: record.requestedModel,
    route: record.route,
    rule: record.rule,
    target: record.answeredBy ?? record.attempts.at(-1)?.target,
    lane: record.lane,
    stream: record.stream,
    status: record.status,
    outcome: record.outcome,
    decidedBy: record.decidedBy,
    attempts: record.attempts.map(attemptFields),
    inputTokens: totalInputTokens(record.usage),
    cachedInputTokens: record.usage.cacheReadTokens,
    cacheWriteTokens: totalCacheWriteTokens(record.usage) || undefined,
    cacheWrite1hTokens: record.usage.cacheWrite1hTokens || undefined,
    outputTokens: totalOutputTokens(record.usage),
    reasoningTokens: record.usage.reasoningTokens || undefined,
    estimated: record.attempts.some((attempt) => attempt.estimated) || undefined,
    costUsd: record.costNanoUsd === null ? undefined : formatUsd(record.costNanoUsd),
    guardrails:
      record.guardrailActions.length > 0
        ? record.guardrailActions.map((fired) => `${fired.guardrail}:${fired.action}`)
        : undefined,
    droppedOfAnswer: record.droppedOfAnswer,
    policy: record.policyHash?.slice(0, 12),
    team: record.attribution?.team,
    project: record.attribution?.project,
    environment: record.attribution?.environment,
    feature: record.attribution?.feature,
    durationMs: Math.round(record.durationMs),
    timeToFirstChunkMs: record.timeToFirstChunkMs === undefined ? undefined : Math.round(record.timeToFirstChunkMs),
  };
}

/** The line of a request just as pino writes lines, for a third of the time: it is the one that every request pays for. */
export const requestLine = (record: RequestRecord, unixMs: number): string =>
  `{"level":"info","time":"${new Date(unixMs).toISOString()}",${JSON.stringify(requestLogFields(record)).slice(1, -1)},"msg":"request"}\n`;
