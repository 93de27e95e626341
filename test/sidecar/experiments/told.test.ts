/** Log, metrics, traces and the table of variants tell the arms of an experiment apart, and copies from requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { traceOf } from '#sidecar/telemetry/spans';
import { createTelemetry } from '#sidecar/telemetry/telemetry';
import { CHAT, post } from '#test/sidecar/raw-http';
import { until } from '#test/sidecar/start-sidecar';
import { startExperiment } from './start-experiment.ts';

const ROUTE = 'route="default/route-0"';
/** One for the live variant, one for the shadow, one for none. */
const DRAWS = [0, 0.4, 0.9];

test('one request of each arm is told of as what it is', async (t) => {
  const lines: string[] = [];
  const telemetry = await createTelemetry({
    serviceName: 'test',
    now: Date.now,
    destination: { write: (line) => void lines.push(line) },
  });
  t.after(() => telemetry.close());
  const records: Parameters<typeof telemetry.record>[0][] = [];
  const record = (request: (typeof records)[number]): void => {
    records.push(request);
    telemetry.record(request);
  };
  let draw = 0;
  const { running } = await startExperiment(t, {
    policy: {
      routes: [
        {
          targets: [{ provider: 'ordinary' }],
          variants: [
            { name: 'live', percent: 30, target: { provider: 'trial' } },
            { name: 'dark', percent: 30, mode: 'Shadow', target: { provider: 'trial' } },
          ],
        },
      ],
    },
    options: { deps: { random: () => draw, telemetry: { record }, metrics: telemetry.metrics } },
  });
  for (draw of DRAWS) await post(running.url, CHAT);
  await until(() => records.length === 4, 'the copy is over');

  const page = await (await fetch(`${running.healthUrl}/metrics`)).text();
  const value = (series: string): string | undefined =>
    page
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')[1];
  assert.equal(value(`remora_requests_total{${ROUTE},variant="live",outcome="ok",stream="false"}`), '1');
  assert.equal(value(`remora_requests_total{${ROUTE},outcome="ok",stream="false"}`), '2');
  assert.equal(value(`remora_request_duration_seconds_count{${ROUTE},variant="live",stream="false"}`), '1');
  assert.equal(value(`remora_shadow_requests_total{${ROUTE},variant="dark",outcome="ok"}`), '1');
  const trial = 'target="trial/m"';
  assert.equal(value(`remora_attempts_total{${ROUTE},variant="live",${trial},outcome="ok"}`), '1');
  assert.equal(value(`remora_attempts_total{${ROUTE},variant="dark",shadow="true",${trial},outcome="ok"}`), '1');
  assert.equal(value(`remora_cost_usd_total{${ROUTE},variant="dark",shadow="true",${trial}}`), '0.0000015');
  assert.equal(value(`remora_cost_usd_total{${ROUTE},target="ordinary/m"}`), '0.000003');
  const of = 'gen_ai_operation_name="chat",gen_ai_provider_name="anthropic",gen_ai_request_model="m"';
  for (const arm of ['variant="live"', 'variant="dark",shadow="true"']) {
    assert.equal(value(`gen_ai_client_inference_time_to_first_chunk_seconds_count{${arm},${of}}`), '1', arm);
    assert.equal(value(`gen_ai_client_inference_duration_seconds_count{${arm},${of},error_type=""}`), '1', arm);
    assert.ok(value(`gen_ai_client_inference_usage_output_tokens_total{${arm},${of},gen_ai_token_modality="text"}`));
  }

  const logged = lines.map((line) => JSON.parse(line)).map(({ msg, variant, shadow }) => [msg, variant, shadow]);
  assert.deepEqual(
    logged.toSorted(),
    [
      ['request', 'live', undefined],
      ['request', undefined, undefined],
      ['request', undefined, undefined],
      ['shadow', 'dark', true],
    ].toSorted(),
  );

  const spans = records.flatMap((one) => [traceOf(one).server, ...traceOf(one).attempts]);
  const arms = spans.map(({ attributes }) => [attributes['remora.variant'], attributes['remora.shadow']]);
  assert.equal(arms.filter(([variant, shadow]) => variant === 'live' && shadow === undefined).length, 2);
  assert.equal(arms.filter(([variant, shadow]) => variant === 'dark' && shadow === true).length, 2);
  assert.equal(arms.filter(([variant]) => variant === undefined).length, 4);

  const { variants } = (await (await fetch(`${running.healthUrl}/variants`)).json()) as {
    variants: { firstTokenMs: object }[];
  };
  assert.ok(variants.every(({ firstTokenMs }) => firstTokenMs !== null));
  assert.deepEqual(
    variants.map(({ firstTokenMs: _, ...row }) => row),
    [
      { variant: null, mode: null, requests: 2 },
      { variant: 'live', mode: 'Live', requests: 1 },
      { variant: 'dark', mode: 'Shadow', requests: 1 },
    ].map((row) => ({
      ...{ route: 'default/route-0', ...row, errors: 0, skipped: 0, meanCostUsd: '0.0000015' },
      ...{ feedback: null, rolledBack: false, promoted: false },
    })),
  );
});
