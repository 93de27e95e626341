import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { requestLine } from './log.ts';
import { createSidecarMetrics } from './metrics.ts';
import type { AttemptRecord, RequestRecord } from './request-record.ts';
import { traceOf } from './spans.ts';
import { createTelemetry } from './telemetry.ts';
import { createTracer } from './tracer.ts';

const USAGE = {
  ...NO_USAGE,
  ...{
    inputTokens: 2,
    inputAudioTokens: 1,
    cacheReadTokens: 2,
    cacheWrite1hTokens: 2,
    outputTokens: 7,
    reasoningTokens: 1,
  },
};

const attempt = (fields: Partial<AttemptRecord>): AttemptRecord => ({
  target: 'openai/gpt-4o',
  providerName: 'openai',
  requestModel: 'gpt-4o',
  serverAddress: 'api.openai.com',
  serverPort: 443,
  startUnixMs: 1_000,
  durationMs: 40,
  outcome: 'ok',
  status: 200,
  costNanoUsd: 2_500n,
  estimated: false,
  ...fields,
});

const record: RequestRecord = {
  requestId: 'req-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  dialect: 'openai-chat',
  operation: 'chat',
  route: 'support/tickets',
  rule: 0,
  lane: 'translate',
  policyHash: 'abcdef0123456789',
  stream: true,
  status: 200,
  outcome: 'ok',
  answeredBy: 'anthropic/claude',
  attempts: [
    attempt({ outcome: 'overloaded', status: 503, costNanoUsd: 0n }),
    attempt({
      target: 'anthropic/claude',
      providerName: 'anthropic',
      requestModel: 'claude',
      usage: USAGE,
      timeToFirstChunkMs: 12,
    }),
  ],
  retries: 2,
  retriesDenied: ['BudgetSpent'],
  clientRetry: 1,
  usage: USAGE,
  costNanoUsd: 2_500n,
  guardrailActions: [{ guardrail: 'pii', action: 'Mask', stage: 'Input' }],
  startUnixMs: 1_000,
  durationMs: 95,
};

async function recorded(): Promise<{ lines: string[]; metrics: string }> {
  const lines: string[] = [];
  const telemetry = await createTelemetry({
    serviceName: 'remora-sidecar',
    now: () => 5_000,
    destination: { write: (line) => void lines.push(line) },
  });
  telemetry.metrics.policyApplied('abcdef0123456789', 2_000);
  telemetry.record(record);
  const metrics = await telemetry.metrics.text();
  await telemetry.close();
  return { lines, metrics };
}

test('a request is one JSON line that says route, target, attempts, tokens, cost, latency and outcome', async () => {
  const { lines } = await recorded();
  assert.equal(lines.length, 1);
  const line = JSON.parse(lines[0] ?? '');
  assert.deepEqual(
    {
      route: line.route,
      target: line.target,
      outcome: line.outcome,
      input: line.inputTokens,
      output: line.outputTokens,
      cost: line.costUsd,
      ms: line.durationMs,
    },
    {
      route: 'support/tickets',
      target: 'anthropic/claude',
      outcome: 'ok',
      input: 7,
      output: 8,
      cost: '0.0000025',
      ms: 95,
    },
  );
  assert.deepEqual(
    line.attempts.map((one: { target: string; outcome: string }) => `${one.target} ${one.outcome}`),
    ['openai/gpt-4o overloaded', 'anthropic/claude ok'],
  );
});

test('metrics count the request, its attempts, the fallback, cost and tokens under the GenAI names', async () => {
  const { metrics } = await recorded();
  for (const expected of [
    'remora_requests_total{route="support/tickets",outcome="ok",stream="true"} 1',
    'remora_attempts_total{route="support/tickets",target="openai/gpt-4o",outcome="overloaded"} 1',
    'remora_retries_total{route="support/tickets"} 2',
    'remora_retries_denied_total{route="support/tickets",reason="BudgetSpent"} 1',
    'remora_fallbacks_total{route="support/tickets",from="openai/gpt-4o",to="anthropic/claude",reason="overloaded"} 1',
    'remora_cost_usd_total{route="support/tickets",target="anthropic/claude"} 0.0000025',
    'remora_guardrail_actions_total{guardrail="pii",action="Mask",stage="Input"} 1',
    'gen_ai_client_inference_usage_output_tokens_total{gen_ai_operation_name="chat",gen_ai_provider_name="anthropic",gen_ai_request_model="claude",gen_ai_token_modality="text"} 8',
    'gen_ai_client_inference_usage_input_tokens_total{gen_ai_operation_name="chat",gen_ai_provider_name="anthropic",gen_ai_request_model="claude",gen_ai_token_modality="unknown"} 6',
    'gen_ai_client_inference_usage_input_tokens_total{gen_ai_operation_name="chat",gen_ai_provider_name="anthropic",gen_ai_request_model="claude",gen_ai_token_modality="audio"} 1',
    'gen_ai_client_inference_usage_cache_read_input_tokens_total{gen_ai_operation_name="chat",gen_ai_provider_name="anthropic",gen_ai_request_model="claude"} 2',
    'gen_ai_client_inference_usage_cache_write_input_tokens_total{gen_ai_operation_name="chat",gen_ai_provider_name="anthropic",gen_ai_request_model="claude"} 2',
    'gen_ai_client_inference_usage_reasoning_output_tokens_total{gen_ai_operation_name="chat",gen_ai_provider_name="anthropic",gen_ai_request_model="claude"} 1',
    'remora_policy_version_info{hash="abcdef012345"} 1',
    'remora_policy_age_seconds 3',
  ])
    assert.ok(metrics.includes(expected), `${expected}\nnot in\n${metrics}`);
});

test('metrics count who went on with a broken stream, who had no place, who waits, and which rows do', async () => {
  const metrics = createSidecarMetrics(() => 0);
  metrics.observe({ ...record, continuedBy: ['local/a', 'local/b', 'local/b'] });
  metrics.observe({ ...record, queued: { priority: 'Low', waitedMs: 5, refused: 'late' } });
  metrics.observe({ ...record, queued: { priority: 'Low', waitedMs: 5 } });
  metrics.observe({ ...record, downgraded: { by: 'ai/caps/total', model: 'cheap' } });
  const count = { priority: 'High', running: 3, waiting: 2 } as const;
  metrics.watchAdmission({
    routes: () => [{ route: 'support/tickets', ...count }],
    providers: () => [{ provider: 'ai/openai', model: 'gpt-4o', ...count }],
    limits: () => [{ budget: 'ai/caps', limit: 'teams', waiting: 4 }],
  });
  metrics.watchBacklog(() => ({ waiting: 7, dropped: 2, journalChars: 512 }));
  const text = await metrics.text();
  for (const expected of [
    'remora_usage_rows_waiting 7',
    'remora_usage_rows_dropped_total 2',
    'remora_journal_characters 512',
    'remora_stream_continuations_total{route="support/tickets",target="local/a"} 1',
    'remora_stream_continuations_total{route="support/tickets",target="local/b"} 2',
    'remora_route_requests_refused_total{route="support/tickets",priority="Low",reason="late"} 1',
    'remora_route_requests_running{route="support/tickets",priority="High"} 3',
    'remora_route_requests_waiting{route="support/tickets",priority="High"} 2',
    'remora_provider_attempts_running{provider="ai/openai",model="gpt-4o",priority="High"} 3',
    'remora_limit_requests_waiting{budget="ai/caps",limit="teams"} 4',
    'remora_limit_downgrades_total{limit="ai/caps/total",model="cheap"} 1',
    'remora_provider_attempts_waiting{provider="ai/openai",model="gpt-4o",priority="High"} 2',
  ])
    assert.ok(text.includes(expected), `${expected}\nnot in\n${text}`);
});

test('a trace has one server span and one client span per attempt, with error.type on the failed one', () => {
  const { server, attempts } = traceOf(record);
  assert.equal(server.name, 'chat support/tickets');
  assert.equal(server.errorType, undefined);
  assert.deepEqual(
    attempts.map((span) => [span.name, span.errorType]),
    [
      ['chat gpt-4o', 'overloaded'],
      ['chat claude', undefined],
    ],
  );
  assert.equal(attempts[1]?.attributes['gen_ai.usage.input_tokens'], 7);
  assert.equal(attempts[1]?.attributes['server.address'], 'api.openai.com');
});

test('log line and span name what was required, and what observed AIPolicies would have done', () => {
  const required = [{ policy: 'remora-system/organisation', tags: ['eu', 'azure'] }];
  const wouldHave = [{ policy: 'remora-system/trial', rule: 'models', action: 'Restrict' as const }];
  const told = { ...record, required, wouldHave };
  const line = JSON.parse(requestLine(told));
  assert.deepEqual(line.required, ['remora-system/organisation:eu+azure']);
  assert.deepEqual(line.wouldHave, ['remora-system/trial/models:Restrict']);
  const { attributes } = traceOf(told).server;
  assert.deepEqual(attributes['remora.required'], line.required);
  assert.deepEqual(attributes['remora.would_have'], line.wouldHave);
});

test('log line and span name the targets that were left out or tried last, each with its reason', () => {
  const leftOut = [{ target: 'openai/gpt-4o', reason: 'NoCredential' as const }];
  const unfit = [{ target: 'azure/gpt-4o', reason: 'CircuitBreaker' as const }];
  const told = { ...record, leftOut, unfit };
  const line = JSON.parse(requestLine(told));
  assert.deepEqual([line.leftOut, line.unfit], [['openai/gpt-4o:NoCredential'], ['azure/gpt-4o:CircuitBreaker']]);
  const { attributes } = traceOf(told).server;
  assert.deepEqual([attributes['remora.left_out'], attributes['remora.unfit']], [line.leftOut, line.unfit]);
  assert.equal('remora.unfit' in traceOf(record).server.attributes, false);
});

test('the server span says whose the request is, how long it waited, who went on with it, and what was not tried again', () => {
  const told: RequestRecord = {
    ...record,
    attribution: { namespace: 'shop', serviceAccount: 'app', team: 'data', environment: 'dev' },
    queued: { priority: 'High', waitedMs: 12.4 },
    continuedBy: ['openai/b'],
    retriesDenied: ['BudgetSpent'],
  };
  const { attributes } = traceOf(told).server;
  const names = ['team', 'environment', 'project', 'priority', 'queue.waited_ms', 'continued_by', 'retries_denied'];
  assert.deepEqual(
    names.map((name) => attributes[`remora.${name}`]),
    ['data', 'dev', undefined, 'High', 12, ['openai/b'], ['BudgetSpent']],
  );
});

test('the server span says what the request is where that is known, in lower case', () => {
  assert.equal('remora.task' in traceOf(record).server.attributes, false);
  const requestClass = {
    task: 'QuestionAnswering',
    complexity: 'Complex',
    latency: 'Batch',
    costClass: 'paid',
    because: ['ask.explain'],
  } as const;
  const { attributes } = traceOf({ ...record, requestClass, classifier: 'late' }).server;
  const known = Object.entries(attributes).filter(([name]) =>
    /task|complexity|latency|cost_class|because|classifier/.test(name),
  );
  assert.deepEqual(Object.fromEntries(known), {
    'remora.task': 'question-answering',
    'remora.complexity': 'complex',
    'remora.latency': 'batch',
    'remora.cost_class': 'paid',
    'remora.classifier': 'late',
    'remora.because': ['ask.explain'],
  });
});

test('spans reach an OTLP collector inside the trace of the caller', async () => {
  const bodies: string[] = [];
  const collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString());
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => collector.once('listening', resolve));
  const { port } = collector.address() as AddressInfo;
  const tracer = createTracer('remora-sidecar', new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` }));
  tracer.record(record);
  await tracer.close();
  collector.close();
  const spans = JSON.parse(bodies[0] ?? '{}').resourceSpans[0].scopeSpans[0].spans as {
    name: string;
    kind: number;
    traceId: string;
    parentSpanId: string;
    spanId: string;
  }[];
  const server = spans.find((span) => span.kind === 2);
  assert.equal(server?.parentSpanId, 'b7ad6b7169203331');
  assert.ok(spans.every((span) => span.traceId === '0af7651916cd43dd8448eb211c80319c'));
  assert.equal(spans.filter((span) => span.kind === 3 && span.parentSpanId === server?.spanId).length, 2);
});

test('the line of a request is byte for byte what pino makes of its fields', async () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const telemetry = await createTelemetry({ serviceName: 'remora-sidecar', now: () => 5_000, destination });
  const awkward = 'a "quoted" \\ line\n\u2028 of schön \u0001 text';
  telemetry.record({ ...record, requestedModel: awkward });
  await telemetry.close();
  const { level: _level, time, msg, ...fields } = JSON.parse(lines[0] ?? '');
  assert.equal(time, '1970-01-01T00:00:01.095Z', 'when the request ended');
  assert.equal(fields.model, awkward);
  telemetry.log.info(fields, msg);
  const withoutTime = (line: string | undefined): string | undefined => line?.replace(/"time":"[^"]+"/, '');
  assert.equal(withoutTime(lines[0]), withoutTime(lines[1]));
});

test('no line is written for requests where the level is above info', async () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const telemetry = await createTelemetry({ serviceName: 'x', now: () => 5_000, destination, logLevel: 'warn' });
  telemetry.record(record);
  await telemetry.close();
  assert.deepEqual(lines, []);
});

test('requests that end together are counted and written without waiting for more, and none is lost', async () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const telemetry = await createTelemetry({ serviceName: 'x', now: () => 5_000, destination });
  for (let sent = 1; sent <= 40; sent += 1) telemetry.record({ ...record, requestId: `request-${sent}` });
  assert.match(await telemetry.metrics.text(), /remora_requests_total\{[^}]*\} 40/);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).requestId),
    Array.from({ length: 40 }, (_, index) => `request-${index + 1}`),
  );
  telemetry.record(record);
  while (lines.length < 41) await new Promise(setImmediate);
  await telemetry.close();
});
