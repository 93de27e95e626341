/**
 * `remora kill`: writes what stops into the API server, where it outlives everybody, and waits until the sidecars concerned have
 * acknowledged it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type Cluster, type ClusterOptions, connect } from '#cli/kube/cluster';
import type { DeploymentObject, NamespaceObject, RemoraObject } from '#cli/kube/objects';
import { readAcks, readOperators, readPods } from '#cli/kube/read';
import { whoAmI } from '#cli/kube/who-am-i';
import { UserError } from '#cli/user-error';
import { API_GROUP_VERSION, LABEL } from '#contract/names/api';
import { OPERATOR_ENV } from '#contract/names/operator-env';
import { AI_BUDGET, type AIBudget, aiBudget } from '#contract/resources/ai-budget';
import { type Awaited, concerned, type Missing, missingOf } from './acknowledged.ts';
import {
  type AskedStop,
  askedStop,
  type BudgetRef,
  type KillFlags,
  killName,
  killObject,
  RESUME_PATCH,
  scopeText,
  stopPatch,
} from './asked-stop.ts';

export interface KillOptions extends ClusterOptions, KillFlags {
  readonly undo?: boolean | undefined;
  /** Where an AIBudget of its own is kept. Default: the operator's namespace. */
  readonly in?: string | undefined;
  readonly deadlineMs: number;
  readonly output: string;
}

export interface KillResult {
  readonly text: string;
  /** Every sidecar has acknowledged. */
  readonly ok: boolean;
}

const LOOK_EVERY_MS = 100;

/** Throws UserError when it cannot be written: then nothing is stopped that was not. */
export async function kill(options: KillOptions): Promise<KillResult> {
  const asked = askedStop(options);
  const cluster = await connect(options);
  try {
    const platform = await platformNamespaces(cluster, asked, options.in);
    const awaited = await write(cluster, { asked, options, home: options.in ?? platform.home });
    const acked = await acknowledged(cluster, awaited, platform.names, options.deadlineMs);
    const { namespace, name } = awaited.budget.metadata;
    const report = { budget: `${namespace}/${name}`, stopped: options.undo !== true, ...acked };
    const text = options.output === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : textOf(report, asked);
    return { text, ok: acked.missing.length === 0 };
  } catch (error) {
    if (error instanceof ApiError) throw new UserError(`The API server refuses: ${error.message}`, { cause: error });
    throw error;
  }
}

interface Platform {
  readonly home: string | undefined;
  readonly names: ReadonlySet<string>;
}

async function platformNamespaces(cluster: Cluster, asked: AskedStop, stated: string | undefined): Promise<Platform> {
  const read = await readOperators(cluster);
  const operators = 'value' in read ? read.value : [];
  const home = operators[0]?.metadata.namespace;
  if (asked.kind === 'scope' && home === undefined && stated === undefined) {
    const why = 'fault' in read ? read.fault : 'no operator is installed';
    throw new UserError(`The operator was not found (${why}): name a platform namespace by --in.`);
  }
  const names = [
    ...operators.flatMap(platformNamesOf),
    ...(asked.kind === 'scope' && stated !== undefined ? [stated] : []),
  ];
  return { home, names: new Set(names) };
}

function platformNamesOf({ metadata, spec }: DeploymentObject): readonly string[] {
  const variables = spec?.template?.spec?.containers?.flatMap(({ env = [] }) => env) ?? [];
  const stated = variables.find(({ name }) => name === OPERATOR_ENV.platformNamespaces)?.value;
  return stated ? stated.split(',').map((name) => name.trim()) : [metadata.namespace ?? ''];
}

interface Wish {
  readonly asked: AskedStop;
  readonly options: KillOptions;
  readonly home: string | undefined;
}

const pathOf = ({ namespace, name }: BudgetRef): string =>
  `/apis/${API_GROUP_VERSION}/namespaces/${encodeURIComponent(namespace)}/${AI_BUDGET.plural}/${encodeURIComponent(name)}`;

async function write(cluster: Cluster, { asked, options, home = '' }: Wish): Promise<Awaited> {
  const ref = asked.kind === 'budget' ? asked.ref : { namespace: home, name: killName(asked.match) };
  const path = pathOf(ref);
  if (options.undo === true) return undo(cluster, path, { ref, asked });
  const fields = { reason: options.reason, now: options.now === true, by: await whoAmI(cluster) };
  const written =
    asked.kind === 'scope'
      ? await cluster.apply<object>(path, killObject(ref, asked.match, fields))
      : await cluster.merge<object>(path, stopPatch(fields));
  return { budget: budgetOf(written), isGone: false };
}

async function undo(
  cluster: Cluster,
  path: string,
  { ref, asked }: { readonly ref: BudgetRef; readonly asked: AskedStop },
): Promise<Awaited> {
  const present = await cluster.get<RemoraObject>(path).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    const what = asked.kind === 'scope' ? scopeText(asked.match) : `AIBudget ${ref.namespace}/${ref.name}`;
    throw new UserError(`Nothing is stopped there: ${what}. See \`remora status --all-namespaces\`.`);
  });
  if (present.metadata.labels?.[LABEL.kill] === 'true') {
    await cluster.delete(path);
    return { budget: budgetOf(present), isGone: true };
  }
  return { budget: budgetOf(await cluster.merge<object>(path, RESUME_PATCH)), isGone: false };
}

/** With what the API server fills in. */
function budgetOf(object: object): AIBudget {
  const parsed = aiBudget.safeParse(object);
  if (parsed.success) return parsed.data;
  throw new UserError(
    'It is written, but this build of `remora` cannot read the AIBudget: is it of the release of the operator?',
  );
}

interface Acknowledged {
  readonly sidecars: number;
  readonly acknowledged: number;
  readonly seconds: number;
  readonly missing: readonly Missing[];
}

async function acknowledged(
  cluster: Cluster,
  awaited: Awaited,
  platform: ReadonlySet<string>,
  deadlineMs: number,
): Promise<Acknowledged> {
  const writtenMs = performance.now();
  const read = async () => concerned(awaited, { ...(await readScene(cluster)), platformNamespaces: platform });
  let pods = await read();
  for (;;) {
    const missing = missingOf(awaited, pods, await readAcks(cluster));
    const passedMs = performance.now() - writtenMs;
    const isLate = passedMs >= deadlineMs;
    if (missing.length === 0 || isLate)
      return {
        ...{ sidecars: pods.length, acknowledged: pods.length - missing.length, missing },
        seconds: Math.round(passedMs / 100) / 10,
      };
    await delay(LOOK_EVERY_MS);
    // Pods that are gone meanwhile are not waited for.
    if (passedMs + 10 * LOOK_EVERY_MS >= deadlineMs) pods = await read();
  }
}

async function readScene(cluster: Cluster) {
  const [pods, namespaces] = await Promise.all([
    readPods(cluster, undefined, `${LABEL.injected}=true`),
    cluster.list<NamespaceObject>('/api/v1/namespaces'),
  ]);
  if ('fault' in pods) throw new UserError(`It is written, but pods cannot be read: ${pods.fault}`);
  return { pods: pods.value, namespaces };
}

function textOf(
  {
    budget,
    stopped,
    sidecars,
    acknowledged: count,
    seconds,
    missing,
  }: Acknowledged & { budget: string; stopped: boolean },
  asked: AskedStop,
): string {
  const what = asked.kind === 'scope' ? scopeText(asked.match) : 'all that its limits cover';
  const head = stopped ? `AIBudget ${budget} stops ${what}.` : `AIBudget ${budget} stops nothing any more.`;
  const known = `${count} of ${sidecars} sidecars ${stopped ? 'refuse it' : 'go on'} after ${seconds} s.`;
  const counted = sidecars === 0 ? 'No sidecar is concerned now.' : known;
  const late = missing.map(({ pod, reason }) => `× ${pod}: ${reason}`);
  return `${[head, counted, ...late].join('\n')}\n`;
}
