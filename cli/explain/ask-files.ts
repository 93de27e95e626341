/** Explains a request by YAML files alone: the compiler and the pipeline of a sidecar in this process, and nobody listens. */
import { type CompiledFiles, compileFiles, FilesRefused } from '#cli/dev/compile-files';
import type { Environment } from '#cli/files/file-secret';
import { UserError } from '#cli/user-error';
import { assemblePipeline, type PipelineParts } from '#sidecar/assemble-pipeline';
import type { BudgetGate } from '#sidecar/budget/budget-gate';
import { outlookOf } from '#sidecar/budget/outlook';
import { Wallet } from '#sidecar/budget/wallet';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { RemoraError } from '#sidecar/errors/remora-error';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { CollectedReply } from '#sidecar/jobs/collected-reply';
import type { Call } from '#sidecar/pipeline/call';
import { explain } from '#sidecar/pipeline/explain/explain';
import { RequestScope } from '#sidecar/pipeline/scope/request-scope';
import { askedEndpoint } from '#sidecar/server/asked-endpoint';
import { checkHead } from '#sidecar/server/request-head';
import { REAL_TIMERS } from '#sidecar/time/timers';
import type { Told } from './ask-sidecar.ts';
import type { AskedRequest } from './asked-request.ts';

export interface FilesOptions {
  readonly files: readonly string[];
  readonly namespace?: string | undefined;
  /** Of the pod. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** As if every key that the files name were there. */
  readonly assumeKeys: boolean;
  readonly env: Environment;
}

/** Notes are what is left out of the policy or only partly in effect. Throws UserError when the files are wrong. */
export async function askFiles(
  asked: AskedRequest,
  options: FilesOptions,
): Promise<{ readonly told: Told; readonly notes: readonly string[] }> {
  const compiled = await compiledFrom(options);
  const faults: unknown[] = [];
  const parts = pipelineOf(compiled, (fault) => faults.push(fault));
  try {
    const told = await tell(asked, parts);
    if (faults.length > 0) throw faults[0];
    return { told, notes: notesOf(compiled) };
  } finally {
    await parts.upstream.close();
    parts.deadlines.close();
  }
}

async function compiledFrom({ files, namespace, labels, assumeKeys, env }: FilesOptions): Promise<CompiledFiles> {
  try {
    return await compileFiles(files, { env: assumeKeys ? withEveryKey(env) : env, namespace, labels });
  } catch (error) {
    throw error instanceof FilesRefused ? new UserError(error.message, { cause: error }) : error;
  }
}

/** Keys come from the environment, and none is sent from here. */
const withEveryKey = (env: Environment): Environment =>
  new Proxy(env, { get: (known, name) => (typeof name === 'string' ? known[name] || 'assumed' : undefined) });

const notesOf = ({ notes, faults }: CompiledFiles): string[] => [
  ...notes,
  ...faults
    .filter(({ reason }) => reason !== 'SecretNotFound')
    .map(({ origin, object, message }) => `${origin}: ${object}: ${message}`),
];

function pipelineOf({ policy, hash, credentials }: CompiledFiles, onFault: (fault: unknown) => void): PipelineParts {
  const parts = assemblePipeline(DEFAULT_SIDECAR_CONFIG, {
    budgetGate: UNSPENT,
    compileGuardrails,
    telemetry: { record() {} },
    now: Date.now,
    random: Math.random,
    onFault,
  });
  const result = parts.policies.applyPolicy(policy, hash);
  if (!result.applied) throw new UserError(result.reason);
  parts.policies.applyCredentials(credentials);
  return parts;
}

/** Nobody spends here, and what others have spent is not in the files. */
const UNSPENT: BudgetGate = {
  reserve: () => Promise.reject(new Error('an explanation reserves nothing')),
  look: (attempt) =>
    outlookOf(attempt, {
      wallet: new Wallet(),
      authority: {
        ask: () => Promise.reject(new Error('an explanation asks for nothing')),
        giveBack: async () => {},
        report() {},
      },
      timers: REAL_TIMERS,
      askDeadlineMs: 0,
      nowMs: Date.now(),
    }),
};

async function tell({ path, headers, body }: AskedRequest, parts: PipelineParts): Promise<Told> {
  const rawHeaders = Object.entries({ host: 'localhost', ...headers }).flat();
  const head = { method: 'POST', url: path, headers, rawHeaders };
  try {
    const endpoint = askedEndpoint(checkHead(head), head);
    const bytes = Buffer.from(body);
    const call: Call = {
      requestId: 'explained',
      endpoint,
      headers,
      body: { read: async () => bytes, retain() {}, weigh() {}, release() {} },
      reply: new CollectedReply(0),
      scope: new RequestScope(parts.deadlines),
    };
    return { explanation: await explain(call, parts) };
  } catch (error) {
    if (!(error instanceof RemoraError)) throw error;
    return { status: error.status, message: error.message };
  }
}
