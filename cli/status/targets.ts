/** What sidecars know of their targets: read from the health port of each pod through the API server, or from one that is named by URL. */
import { request } from 'undici';
import { z } from 'zod';
import { ApiError, type Cluster, reasonOf } from '#cli/kube/cluster';
import { isOver, nameOf, type PodObject } from '#cli/kube/objects';
import { boundedText } from '#cli/output/bounded-text';
import { printable } from '#cli/output/printable';
import { UserError } from '#cli/user-error';
import { PORT, SIDECAR_CONTAINER, SIDECAR_HEALTH_PORT } from '#contract/names/api';
import { PROBE_PATH } from '#contract/names/pod';

const word = z.string().transform(printable);
const times = z.object({ averageMs: z.number().nullable(), p95Ms: z.number().nullable() });
/** The page at `/targets`, of which another release may have more. */
const page = z.object({
  targets: z.array(
    z.object({
      ...{ provider: word, model: word, routes: z.array(word) },
      breaker: z.enum(['closed', 'half-open', 'open']).optional(),
      concerns: z.array(
        z.object({
          ...{ by: word, reason: word, isUnfit: z.boolean(), forMs: z.number() },
          state: z.enum(['open', 'half-open']).optional(),
        }),
      ),
      latency: z.object({ streamed: times, whole: times }).optional(),
    }),
  ),
});

type ToldTarget = z.output<typeof page>['targets'][number];

/** Throws where it is something else. */
const rowsIn = (told: unknown): readonly ToldTarget[] => page.parse(told).targets;

/** A target as one sidecar sees it. */
export interface SeenTarget extends ToldTarget {
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
/** What one pod may answer. */
const MOST_BYTES = 4 * 1024 * 1024;
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

const NO_SIDECAR = 'the answer is not that of a sidecar of this release';
const isOfOther = (error: unknown): boolean => error instanceof z.ZodError || error instanceof SyntaxError;

/** Or why not. */
async function readOne(cluster: Cluster, { metadata, spec }: PodObject): Promise<readonly ToldTarget[] | string> {
  const container = spec?.initContainers?.find(({ name }) => name === SIDECAR_CONTAINER);
  const port = container?.ports?.find(({ name }) => name === SIDECAR_HEALTH_PORT)?.containerPort ?? PORT.sidecarHealth;
  const [namespace, name] = [metadata.namespace ?? '', metadata.name].map(encodeURIComponent);
  try {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}:${port}/proxy${PROBE_PATH.targets}`;
    return rowsIn(await cluster.get(path, { deadlineMs: POD_MS, mostBytes: MOST_BYTES }));
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    if (error instanceof UserError) return reasonOf(error.cause, POD_MS);
    if (isOfOther(error)) return NO_SIDECAR;
    throw error;
  }
}

const seenIn = (rows: readonly ToldTarget[], { metadata }: PodObject): SeenTarget[] =>
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
    const rows = rowsIn(JSON.parse(await boundedText(body, MOST_BYTES)));
    return { targets: rows.map((row) => ({ namespace: '', pod: '', ...row })), told: 1, faults: [] };
  } catch (error) {
    const reason = isOfOther(error) ? NO_SIDECAR : reasonOf(error, POD_MS);
    throw new UserError(
      `No sidecar tells of its targets at ${url}: ${reason}. Name its health port, such as http://127.0.0.1:${PORT.sidecarHealth}.`,
      {
        cause: error,
      },
    );
  }
}
