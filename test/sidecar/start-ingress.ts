/** The listener and the pipeline with a clock or watchers of a test's own, before one OpenAI provider. */

import { assemblePipeline } from '#sidecar/assemble-pipeline';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { Jobs } from '#sidecar/jobs/jobs';
import { TargetHealth } from '#sidecar/pipeline/health/target-health';
import { Deadlines } from '#sidecar/pipeline/scope/deadlines';
import { Ingress } from '#sidecar/server/ingress';
import { REAL_TIMERS } from '#sidecar/time/timers';
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
  const deps = {
    ...{ budgetGate: new OpenGate(), compileGuardrails, telemetry: { record: () => {} } },
    ...{ now: Date.now, random: () => 0, cloud: { env: {} } },
  };
  const config = { ...DEFAULT_SIDECAR_CONFIG, ingress: { host: '127.0.0.1', port: 0 } };
  const parts = { ...assemblePipeline(config, deps, deadlines), health };
  const { policies, upstream } = parts;
  const common = { ...parts, config, onFeedback: () => {}, newRequestId: () => 'r' };
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
