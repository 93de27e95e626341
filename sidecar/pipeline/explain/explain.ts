/** A dry run: all that is decided of a request before anything is sent, reserved or counted. Then who would be asked, and why. */
import { RemoraError } from '#sidecar/errors/remora-error';
import { lookInCache } from '#sidecar/pipeline/cache/visit-cache';
import type { Call } from '#sidecar/pipeline/call';
import { isLowered, notLowered } from '#sidecar/pipeline/downgrade';
import { lowered, type PipelineDeps, select } from '#sidecar/pipeline/handle';
import { RequestRecorder } from '#sidecar/pipeline/request-recorder';
import { ClientGone } from '#sidecar/pipeline/scope/request-scope';
import { unmoved } from '#sidecar/pipeline/strategies/latency/target-latencies';
import { questionOf, understand } from '#sidecar/pipeline/understand';
import type { Upstream } from '#sidecar/upstream/upstream';
import type { DryRun } from './dry-run.ts';
import type { Explanation } from './explanation.ts';
import { explanationOf } from './explanation-of.ts';
import { outlooksOf, refusalOf } from './target-outlook.ts';

/** Nothing leaves the process for an explanation, whatever a stage thinks of. */
const NOBODY: Upstream = {
  send: () => Promise.reject(new Error('an explanation sends nothing')),
  close: async () => {},
};

/** Never rejects for what is wrong with a request: that is part of the explanation. Scope and body stay open. */
export async function explain(call: Call, deps: PipelineDeps): Promise<Explanation> {
  const dry = { ...deps, upstream: NOBODY, latencies: unmoved(deps.latencies) };
  const run: DryRun = { call, deps: dry, log: new RequestRecorder(call, deps.now()) };
  try {
    await decide(run);
  } catch (thrown) {
    const cause = call.scope.cause ?? thrown;
    run.refused = RemoraError.from(cause);
    if (run.refused.code === 'internal' && !(cause instanceof ClientGone)) deps.onFault(cause, call.requestId);
  }
  return explanationOf(run);
}

async function decide(run: DryRun): Promise<void> {
  run.understood = await understand(run);
  const { request } = run.understood.decoded;
  if ('ofSidecar' in request && request.ofSidecar !== undefined) {
    run.isAnsweredHere = true;
    return;
  }
  run.question = await questionOf(run.understood, run);
  run.selection = select(run.question, run.call);
  run.outlooks = await outlooksOf(run.selection, run.understood, run);
  run.cache = lookInCache({ ...run, ...run.understood, selection: run.selection }, (key) => run.deps.cache.peek(key));
  if (run.cache?.hit !== undefined) {
    run.isAnsweredHere = true;
    return;
  }
  await lowerRun(run, refusalOf(run.outlooks));
  run.isAnsweredHere = run.outlooks.find(({ error }) => error === undefined)?.isAnsweredHere === true;
  const refused = refusalOf(run.outlooks);
  if (refused !== undefined) throw refused;
}

/** What comes of it where a limit lowers it to another model: from here on that is what is explained. */
async function lowerRun(run: DryRun, refused: unknown): Promise<void> {
  const { understood } = run;
  if (understood === undefined || !isLowered(refused, understood)) return;
  try {
    Object.assign(run, await lowered(refused, understood, run));
    if (run.selection !== undefined && run.understood !== undefined)
      run.outlooks = await outlooksOf(run.selection, run.understood, run);
    const other = refusalOf(run.outlooks ?? []);
    if (other !== undefined) throw other;
  } catch (thrown) {
    throw notLowered(refused, thrown, run);
  }
}
