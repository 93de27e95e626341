/** The listener and the pipeline with a clock or watchers of a test's own, before one OpenAI provider. */

import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { CredentialBroker } from '#sidecar/credentials/credential-broker';
import { processClock, processCloud } from '#sidecar/credentials/process-cloud';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { Jobs } from '#sidecar/jobs/jobs';
import { Keepers } from '#sidecar/pipeline/accounts/keepers';
import { Admission } from '#sidecar/pipeline/admission/admission';
import { RetryBudgets } from '#sidecar/pipeline/attempts/retry-budget';
import { EndpointBalancer } from '#sidecar/pipeline/endpoints/endpoint-balancer';
import { RatedAnswers } from '#sidecar/pipeline/experiments/rated-answers';
import { Shadows } from '#sidecar/pipeline/experiments/shadows';
import { VariantBoard } from '#sidecar/pipeline/experiments/variant-board';
import { SharedHints } from '#sidecar/pipeline/health/shared-hints';
import { TargetHealth } from '#sidecar/pipeline/health/target-health';
import { PolicyHolder } from '#sidecar/pipeline/policy/policy-holder';
import { RememberedAnswers } from '#sidecar/pipeline/remembered/remembered-answers';
import { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { TargetLatencies } from '#sidecar/pipeline/strategies/latency/target-latencies';
import { Drains } from '#sidecar/pipeline/streams/drains';
import { Ingress } from '#sidecar/server/ingress';
import { REAL_TIMERS } from '#sidecar/time/timers';
import { Upstreams } from '#sidecar/upstream/upstreams';
import { OpenGate, policyOf } from './start-sidecar.ts';

export interface IngressWords {
  /** Of the provider. */
  readonly endpoint: string;
  readonly health?: TargetHealth;
  readonly deadlines?: Deadlines;
}

/** Its URL. */
export async function startIngress(
  t: { after(release: () => Promise<void>): void },
  { endpoint, health = new TargetHealth([]), deadlines = new Deadlines() }: IngressWords,
): Promise<string> {
  const broker = new CredentialBroker({
    cloud: { ...processCloud, now: Date.now, env: {} },
    clock: { ...processClock, random: () => 0 },
    onFailure: () => {},
  });
  const policies = new PolicyHolder({ compileGuardrails, health, hints: new SharedHints(() => 0), broker });
  const upstream = new Upstreams(Date.now);
  const common = {
    ...{
      latencies: new TargetLatencies(() => 0),
      endpoints: new EndpointBalancer({ nowMs: () => 0, random: () => 0 }),
      monotonicMs: () => performance.now(),
    },
    ...{ policies, health, keepers: new Keepers(), broker, upstream, deadlines, budgetGate: new OpenGate() },
    retries: new RetryBudgets(() => 0),
    ...{ admission: new Admission(() => 0), drains: new Drains(DEFAULT_SIDECAR_CONFIG.drained) },
    variants: new VariantBoard(() => {}),
    shadows: new Shadows(DEFAULT_SIDECAR_CONFIG.shadows, deadlines),
    ...{ answers: new RatedAnswers(), onFeedback: () => {} },
    remembered: new RememberedAnswers(DEFAULT_SIDECAR_CONFIG.remembered, 'secret'),
    ...{ telemetry: { record: () => {} }, onFault: () => {}, now: Date.now, random: () => 0, newRequestId: () => 'r' },
    config: { ...DEFAULT_SIDECAR_CONFIG, ingress: { host: '127.0.0.1', port: 0 } },
  };
  const jobs = new Jobs({ ...common, timers: REAL_TIMERS, randomId: () => '0', onPostFailed: () => {} });
  const ingress = new Ingress({ ...common, jobs });
  const { port } = await ingress.listen();
  t.after(async () => deadlines.close());
  t.after(() => upstream.close());
  t.after(() => ingress.close({ deadlineMs: 0 }));
  policies.applyPolicy(
    policyOf({
      providers: { p: { type: 'OpenAI', endpoint } },
      routes: [{ targets: [{ provider: 'p', maxRetries: 1 }] }],
    }),
    'hash',
  );
  return `http://127.0.0.1:${port}`;
}
