/** What sidecars know of their targets: read from the health port of each pod through the API server, or from one that is named by URL. */
import { request } from 'undici';
import { ApiError, type Cluster, reasonOf } from '#cli/kube/cluster';
import { isOver, nameOf, type PodObject } from '#cli/kube/objects';
import { UserError } from '#cli/user-error';
import { PORT, SIDECAR_CONTAINER, SIDECAR_HEALTH_PORT } from '#contract/names/api';
import { PROBE_PATH } from '#contract/names/pod';
import type { TargetRow } from '#sidecar/pipeline/health/target-board';

/** A target as one sidecar sees it. */
export interface SeenTarget extends TargetRow {
  /** Empty where the sidecar was named by its URL, as the next. */
  readonly namespace: string;
  readonly pod: string;
}

export interface SeenTargets {
  readonly targets: readonly SeenTarget[];
  /** Sidecars that told. */
  readonly told: number;
  /** Pods that could not be asked, by the reason. */
  readonly faults: readonly string[];
}

const AT_ONCE = 16;
const POD_MS = 3_000;
/** For all pods; those that were not asked by then are named. */
const ALL_MS = 20_000;
/** Pods whose names one fault tells. */
const MOST_NAMED = 3;

/** `nowMs` is monotonic. */
export async function readTargets(
  cluster: Cluster,
  pods: readonly PodObject[],
  nowMs: () => number,
): Promise<SeenTargets> {
  // What has no address has not begun, which its state says.
  const left = pods.filter((pod) => !isOver(pod) && pod.status?.podIP !== undefined);
  const targets: SeenTarget[] = [];
  const unread = new Map<string, string[]>();
  const untilMs = nowMs() + ALL_MS;
  let told = 0;
  const askNext = async (): Promise<void> => {
    for (let pod = left.shift(); pod !== undefined; pod = left.shift()) {
      const read = nowMs() < untilMs ? await readOne(cluster, pod) : LATE;
      if (typeof read === 'string') unread.set(read, [...(unread.get(read) ?? []), nameOf(pod.metadata)]);
      else {
        told += 1;
        targets.push(...seenIn(read, pod));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askNext));
  targets.sort((a, b) => compare(placeOf(a), placeOf(b)));
  return { targets, told, faults: [...unread].map(([reason, names]) => faultText(reason, names)) };
}

const LATE = `not asked within ${ALL_MS / 1_000} s`;

/** Or why not. */
async function readOne(cluster: Cluster, { metadata, spec }: PodObject): Promise<readonly TargetRow[] | string> {
  const container = spec?.initContainers?.find(({ name }) => name === SIDECAR_CONTAINER);
  const port = container?.ports?.find(({ name }) => name === SIDECAR_HEALTH_PORT)?.containerPort ?? PORT.sidecarHealth;
  const [namespace, name] = [metadata.namespace ?? '', metadata.name].map(encodeURIComponent);
  try {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}:${port}/proxy${PROBE_PATH.targets}`;
    return rowsIn(await cluster.get(path, POD_MS));
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    if (error instanceof UserError) return reasonOf(error.cause, POD_MS);
    return 'the answer is not that of a sidecar';
  }
}

/** Throws where it is something else. */
function rowsIn(answer: unknown): readonly TargetRow[] {
  const rows = (answer as { readonly targets?: unknown } | null)?.targets;
  if (!Array.isArray(rows)) throw new TypeError('no targets');
  return rows as readonly TargetRow[];
}

const seenIn = (rows: readonly TargetRow[], { metadata }: PodObject): SeenTarget[] =>
  rows.map((row) => ({ namespace: metadata.namespace ?? '', pod: metadata.name, ...row }));

const placeOf = ({ namespace, pod, provider, model }: SeenTarget): string =>
  [namespace, pod, provider, model].join('\n');

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function faultText(reason: string, names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `targets of ${names.toSorted().slice(0, MOST_NAMED).join(', ')}${more} cannot be read: ${reason}`;
}

/** `url`: of the health port. Throws UserError when nobody tells. */
export async function targetsAt(url: string): Promise<SeenTargets> {
  try {
    const asked = `${url.replace(/\/$/, '')}${PROBE_PATH.targets}`;
    const { body } = await request(asked, { signal: AbortSignal.timeout(POD_MS) });
    const rows = rowsIn(await body.json());
    return { targets: rows.map((row) => ({ namespace: '', pod: '', ...row })), told: 1, faults: [] };
  } catch (error) {
    throw new UserError(
      `No sidecar tells of its targets at ${url}: ${reasonOf(error, POD_MS)}. Name its health port, such as http://127.0.0.1:${PORT.sidecarHealth}.`,
      {
        cause: error,
      },
    );
  }
}
