/** What `check` and `status` read of a cluster. A list that cannot be read says why instead, and the rest goes on. */
import { API_GROUP, API_VERSION, LABEL } from '#contract/names/api';
import { AI_BUDGET } from '#contract/resources/ai-budget';
import { AI_KEY } from '#contract/resources/ai-key';
import { AI_POLICY } from '#contract/resources/ai-policy';
import { AI_PROVIDER } from '#contract/resources/ai-provider';
import { AI_ROUTE } from '#contract/resources/ai-route';
import { ACKS_DATA_KEY, type AckReport, decodeAcks, mergeAcks } from '#contract/wire/ack-report';
import { ApiError, type Cluster } from './cluster.ts';
import type {
  BudgetObject,
  ConfigMapObject,
  DeploymentObject,
  PodObject,
  RemoraObject,
  RouteObject,
} from './objects.ts';

export type Reading<T> = { readonly value: T } | { readonly fault: string };

/** Rejects only when the API server cannot be reached at all. */
export async function reading<T>(read: Promise<T>): Promise<Reading<T>> {
  try {
    return { value: await read };
  } catch (error) {
    if (error instanceof ApiError) return { fault: error.message };
    throw error;
  }
}

/** Objects of our kinds, and who runs which policy. */
export interface RemoraFacts {
  readonly routes: Reading<readonly RouteObject[]>;
  readonly providers: Reading<readonly RemoraObject[]>;
  readonly budgets: Reading<readonly BudgetObject[]>;
  readonly policies: Reading<readonly RemoraObject[]>;
  readonly keys: Reading<readonly RemoraObject[]>;
  readonly acks: Reading<AckReport>;
}

/** `namespace` undefined: all of them. */
const pathIn = (root: string, plural: string, namespace: string | undefined): string =>
  namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;

export async function readRemora(cluster: Cluster, namespace: string | undefined): Promise<RemoraFacts> {
  const root = `/apis/${API_GROUP}/${API_VERSION}`;
  const ours = <T>(plural: string) => reading(cluster.list<T>(pathIn(root, plural, namespace)));
  const [routes, providers, budgets, policies, keys, acks] = await Promise.all([
    ours<RouteObject>(AI_ROUTE.plural),
    ours<RemoraObject>(AI_PROVIDER.plural),
    ours<BudgetObject>(AI_BUDGET.plural),
    ours<RemoraObject>(AI_POLICY.plural),
    ours<RemoraObject>(AI_KEY.plural),
    reading(readAcks(cluster)),
  ]);
  return { routes, providers, budgets, policies, keys, acks };
}

/** They lie in the operator's namespace, which nobody has to know. */
export async function readAcks(cluster: Cluster): Promise<AckReport> {
  const maps = await cluster.list<ConfigMapObject>('/api/v1/configmaps', `${LABEL.acks}=true`);
  return mergeAcks(
    maps.flatMap(({ data }) => {
      const report = decodeAcks(data?.[ACKS_DATA_KEY] ?? '');
      return report === undefined ? [] : [report];
    }),
  );
}

/** The ConfigMaps in which operators say which prices are in force. */
export const readPriceBooks = (cluster: Cluster): Promise<Reading<readonly ConfigMapObject[]>> =>
  reading(cluster.list<ConfigMapObject>('/api/v1/configmaps', `${LABEL.priceBook}=true`));

export const readPods = (
  cluster: Cluster,
  namespace: string | undefined,
  labelSelector?: string,
): Promise<Reading<PodObject[]>> =>
  reading(cluster.list<PodObject>(pathIn('/api/v1', 'pods', namespace), labelSelector));

/** Of what the chart installs for the operator. */
export const OPERATOR = 'app.kubernetes.io/part-of=remora,app.kubernetes.io/component=operator';

export const readOperators = (cluster: Cluster): Promise<Reading<readonly DeploymentObject[]>> =>
  reading(cluster.list<DeploymentObject>('/apis/apps/v1/deployments', OPERATOR));
