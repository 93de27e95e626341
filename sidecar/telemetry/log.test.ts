import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatUsd } from '#contract/policy/money';
import type { Usage } from '#sidecar/canonical/usage';
import { totalInputTokens, totalOutputTokens } from '#sidecar/canonical/usage';
import { requestLine } from './log.ts';
import type { RequestRecord } from './request-record.ts';

/** Every UTF-16 unit, lone surrogates and controls too, and what lines and JSON make of them. */
const TEXT = fc.oneof(
  fc.string({ unit: fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 40 }),
  fc.constantFrom('', '"', '\\', '\u2028\u2029', '\ud800', '\udfff', '\n{"level":"error"}\n', '\u007f', '__proto__'),
  fc.constant('x'.repeat(300)),
);
const NUMBER = fc.oneof(fc.nat(), fc.double(), fc.constantFrom(-1, 1e21, Number.NaN, Number.POSITIVE_INFINITY));
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const USAGE: fc.Arbitrary<Usage> = fc.record({
  inputTokens: NUMBER,
  inputAudioTokens: NUMBER,
  inputImageTokens: NUMBER,
  cacheReadTokens: NUMBER,
  cacheWriteTokens: NUMBER,
  cacheWrite1hTokens: NUMBER,
  outputTokens: NUMBER,
  reasoningTokens: NUMBER,
  outputAudioTokens: NUMBER,
  outputImageTokens: NUMBER,
});
const COST = fc.option(fc.bigInt({ min: 0n, max: 10n ** 30n }));
const ATTEMPT = fc.record({
  target: TEXT,
  providerName: TEXT,
  requestModel: TEXT,
  responseModel: maybe(TEXT),
  serverAddress: TEXT,
  serverPort: fc.nat(),
  startUnixMs: NUMBER,
  durationMs: NUMBER,
  outcome: TEXT,
  hedge: maybe(fc.constant(true as const)),
  status: maybe(fc.nat()),
  costNanoUsd: COST,
  estimated: fc.boolean(),
  upstreamRequestId: maybe(TEXT),
});
const RECORD: fc.Arbitrary<RequestRecord> = fc.record({
  requestId: TEXT,
  dialect: fc.constantFrom('openai-chat', 'gemini-generate-content'),
  operation: fc.constant('chat'),
  attribution: maybe(
    fc.record({
      namespace: TEXT,
      serviceAccount: TEXT,
      team: TEXT,
      project: TEXT,
      environment: TEXT,
      feature: TEXT,
      region: TEXT,
    }),
  ),
  user: maybe(TEXT),
  requestedModel: maybe(TEXT),
  route: maybe(TEXT),
  rule: maybe(fc.nat()),
  strategy: maybe(fc.constantFrom('Weighted' as const, 'LeastCost' as const)),
  strategyReason: maybe(TEXT),
  lane: maybe(fc.constantFrom('passthrough' as const, 'translate' as const)),
  policyHash: maybe(TEXT),
  stream: fc.boolean(),
  status: fc.nat(),
  outcome: fc.constantFrom('ok' as const, 'client_closed' as const, 'invalid_json' as const),
  decidedBy: maybe(TEXT),
  attempts: fc.array(ATTEMPT, { maxLength: 3 }),
  retries: fc.nat(),
  retriesDenied: fc.array(fc.constantFrom('BudgetSpent' as const, 'ClientRetries' as const), { maxLength: 2 }),
  clientRetry: fc.nat(),
  answeredBy: maybe(TEXT),
  usage: USAGE,
  costNanoUsd: COST,
  guardrailActions: fc.array(
    fc.record({ guardrail: TEXT, action: fc.constantFrom('Mask', 'Block'), stage: fc.constantFrom('Input', 'Output') }),
    { maxLength: 2 },
  ),
  requestClass: maybe(
    fc.record({
      task: fc.constant('QuestionAnswering' as const),
      complexity: fc.constant('Simple' as const),
      latency: fc.constantFrom('Realtime' as const, 'Batch' as const),
      costClass: TEXT,
      because: fc.array(TEXT, { maxLength: 3 }),
    }),
  ),
  leftOut: maybe(
    fc.array(fc.record({ target: TEXT, reason: fc.constantFrom('Denied' as const, 'Guardrail' as const) }), {
      maxLength: 3,
    }),
  ),
  unfit: maybe(fc.array(fc.record({ target: TEXT, reason: fc.constant('Hint' as const) }), { maxLength: 3 })),
  classifier: maybe(fc.constantFrom('used' as const, 'late' as const)),
  droppedOfAnswer: maybe(fc.array(TEXT, { maxLength: 3 })),
  continuedBy: maybe(fc.array(TEXT, { maxLength: 3 })),
  queued: maybe(
    fc
      .tuple(fc.constantFrom('High' as const, 'Low' as const), fc.nat({ max: 10_000 }), maybe(TEXT))
      .map(([priority, waitedMs, waitedFor]) => ({
        priority,
        waitedMs,
        ...(waitedFor !== undefined && { waitedFor }),
      })),
  ),
  downgraded: maybe(fc.record({ by: TEXT, model: TEXT })),
  startUnixMs: fc.nat({ max: 4_102_444_800_000 }),
  durationMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
  timeToFirstChunkMs: maybe(NUMBER),
});

/** As JSON.stringify would write it, lone surrogates and all. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value) ?? 'null');
const defined = (value: object): object => asJson(value) as object;

test('requestLine() is one line of JSON that says what JSON.stringify would, whatever the record holds', () => {
  fc.assert(
    fc.property(RECORD, (record) => {
      const line = requestLine(record);
      assert.equal(line.indexOf('\n'), line.length - 1);
      assert.ok(line.isWellFormed());
      const { usage, attribution, requestClass } = record;
      const writes = usage.cacheWriteTokens + usage.cacheWrite1hTokens;
      const lastTarget = record.attempts.at(-1)?.target;
      const unlessZero = (count: number) => (count === 0 ? undefined : count);
      const round = (ms: number | undefined) => (ms === undefined ? undefined : Math.round(ms));
      assert.deepEqual(
        JSON.parse(line),
        defined({
          level: 'info',
          time: new Date(record.startUnixMs + record.durationMs).toISOString(),
          requestId: record.requestId,
          dialect: record.dialect,
          operation: record.operation,
          model: record.requestedModel,
          route: record.route,
          rule: record.rule,
          strategy: record.strategy,
          strategyReason: record.strategyReason,
          leftOut: record.leftOut?.map(({ target, reason }) => `${target}:${reason}`),
          unfit: record.unfit?.map(({ target, reason }) => `${target}:${reason}`),
          target: record.answeredBy ?? lastTarget,
          lane: record.lane,
          task: requestClass && 'question-answering',
          complexity: requestClass && 'simple',
          latency: requestClass?.latency.toLowerCase(),
          costClass: requestClass?.costClass,
          classifier: requestClass && record.classifier,
          because: requestClass?.because.length ? requestClass.because : undefined,
          stream: record.stream,
          status: record.status,
          outcome: record.outcome,
          decidedBy: record.decidedBy,
          attempts: record.attempts.map(({ target, outcome, hedge, status, durationMs, upstreamRequestId }) => ({
            ...{ target, outcome, hedge, status, ms: round(durationMs), upstreamRequestId },
          })),
          inputTokens: totalInputTokens(usage),
          cachedInputTokens: usage.cacheReadTokens,
          cacheWriteTokens: unlessZero(writes),
          cacheWrite1hTokens: unlessZero(usage.cacheWrite1hTokens),
          outputTokens: totalOutputTokens(usage),
          reasoningTokens: unlessZero(usage.reasoningTokens),
          estimated: record.attempts.some(({ estimated }) => estimated) || undefined,
          costUsd: record.costNanoUsd === null ? undefined : formatUsd(record.costNanoUsd),
          guardrails:
            record.guardrailActions.length === 0
              ? undefined
              : record.guardrailActions.map(({ guardrail, action }) => `${guardrail}:${action}`),
          droppedOfAnswer: record.droppedOfAnswer,
          clientRetry: unlessZero(record.clientRetry),
          retriesDenied: record.retriesDenied.length === 0 ? undefined : record.retriesDenied,
          continuedBy: record.continuedBy,
          priority: record.queued?.priority,
          waitedMs: record.queued?.waitedMs,
          waitedFor: record.queued?.waitedFor,
          downgradedBy: record.downgraded?.by,
          downgradedTo: record.downgraded?.model,
          policy: record.policyHash?.slice(0, 12),
          team: attribution?.team,
          project: attribution?.project,
          environment: attribution?.environment,
          feature: attribution?.feature,
          region: attribution?.region,
          durationMs: round(record.durationMs),
          timeToFirstChunkMs: round(record.timeToFirstChunkMs),
          msg: 'request',
        }),
      );
    }),
    { seed: 20261121, numRuns: 500 },
  );
});
