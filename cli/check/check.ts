/** `remora check`: reads a cluster and says what is wrong. The groups come in the order in which one builds on the other. */
import { ApiError, type Cluster, type ClusterOptions, connect } from '#cli/kube/cluster';
import type { CrdObject, DeploymentObject, NamespaceObject, WebhookObject } from '#cli/kube/objects';
import { OPERATOR, type Reading, reading, readOperators, readPods, readRemora } from '#cli/kube/read';
import { UserError } from '#cli/user-error';
import { API_GROUP, KIND, LABEL } from '#contract/names/api';
import { ALL_KINDS } from '#contract/resources/kinds';
import { type Finding, failure } from './finding.ts';
import {
  type CrdReadings,
  crdFindings,
  operatorFindings,
  permissionFindings,
  type ServerVersion,
  validationFindings,
  versionFinding,
  webhookFindings,
} from './findings.ts';
import { historyFindings } from './history-findings.ts';
import { objectFindings } from './object-findings.ts';
import { podFindings, streamFindings } from './pod-findings.ts';
import { checkText } from './render.ts';

export interface CheckOptions extends ClusterOptions {
  /** Only what the cluster must offer before the installation. */
  readonly pre?: boolean | undefined;
  /** Default: all. */
  readonly namespace?: string | undefined;
  readonly output: string;
}

export interface CheckResult {
  readonly text: string;
  /** Nothing failed; warnings are no failure. */
  readonly ok: boolean;
}

/** Throws UserError when there is no cluster to ask; one that does not answer is a finding. */
export async function check(options: CheckOptions): Promise<CheckResult> {
  const cluster = await connect(options);
  const findings = await findingsOf(cluster, options);
  return {
    text: options.output === 'json' ? `${JSON.stringify({ findings }, undefined, 2)}\n` : checkText(findings),
    ok: findings.every(({ level }) => level !== 'failure'),
  };
}

async function findingsOf(cluster: Cluster, options: CheckOptions): Promise<Finding[]> {
  try {
    const version = await reading(cluster.get<ServerVersion>('/version'));
    const api =
      'fault' in version
        ? failure('kubernetes-api', `${cluster.server} refuses: ${version.fault}`, 'kubectl version')
        : versionFinding(cluster.server, version.value);
    if ('fault' in version) return [api];
    return [api, ...(options.pre === true ? await before(cluster) : await installed(cluster, options.namespace))];
  } catch (error) {
    if (error instanceof UserError) return [failure('kubernetes-api', error.message, 'kubectl cluster-info')];
    throw error;
  }
}

/** What the chart creates that not everybody may. */
const NEEDED = [
  ['', 'namespaces'],
  ['apiextensions.k8s.io', 'customresourcedefinitions'],
  ['rbac.authorization.k8s.io', 'clusterroles'],
  ['rbac.authorization.k8s.io', 'clusterrolebindings'],
  ['admissionregistration.k8s.io', 'mutatingwebhookconfigurations'],
  ['admissionregistration.k8s.io', 'validatingwebhookconfigurations'],
] as const;

interface AccessReview {
  readonly status?: { readonly allowed?: boolean };
}

async function before(cluster: Cluster): Promise<Finding[]> {
  const answers = await Promise.all(
    NEEDED.map(async ([group, resource]) => {
      const spec = { resourceAttributes: { verb: 'create', group, resource } };
      const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec };
      const review = await reading(
        cluster.review<AccessReview>('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body),
      );
      return [resource, 'value' in review && review.value.status?.allowed === true] as const;
    }),
  );
  return permissionFindings(Object.fromEntries(answers));
}

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const HISTORY = 'app.kubernetes.io/part-of=remora,app.kubernetes.io/component=history';

async function installed(cluster: Cluster, namespace: string | undefined): Promise<Finding[]> {
  const [crds, deployments, histories, webhooks, validation, remora, pods, namespaces] = await Promise.all([
    readCrds(cluster),
    readOperators(cluster),
    reading(cluster.list<DeploymentObject>('/apis/apps/v1/statefulsets', HISTORY)),
    reading(cluster.list<WebhookObject>(`${ADMISSION}/mutatingwebhookconfigurations`, OPERATOR)),
    reading(cluster.list<WebhookObject>(`${ADMISSION}/validatingwebhookconfigurations`, OPERATOR)),
    readRemora(cluster, namespace),
    readPods(cluster, namespace),
    reading(cluster.list<NamespaceObject>('/api/v1/namespaces', `${LABEL.inject}=enabled`)),
  ]);
  const home = 'value' in deployments ? deployments.value.map(({ metadata }) => metadata.namespace ?? '') : [];
  const none = `no ${KIND.route}: every request is answered 404`;
  return [
    ...crdFindings(crds),
    ...operatorFindings(deployments),
    ...webhookFindings(webhooks),
    ...validationFindings(validation),
    ...streamFindings(pods, remora.acks),
    ...historyFindings(histories),
    ...objectFindings({ group: 'routes', kind: KIND.route, whenNone: none }, remora.routes),
    ...objectFindings({ group: 'providers', kind: KIND.provider }, remora.providers),
    ...objectFindings({ group: 'budgets', kind: KIND.budget }, remora.budgets),
    ...objectFindings({ group: 'policies', kind: KIND.policy }, remora.policies),
    ...objectFindings({ group: 'keys', kind: KIND.key }, remora.keys),
    ...podFindings({ pods, namespaces }, home),
  ];
}

async function readCrds(cluster: Cluster): Promise<CrdReadings> {
  const names = ALL_KINDS.map(({ plural }) => `${plural}.${API_GROUP}`);
  return new Map(await Promise.all(names.map(async (name) => [name, await readCrd(cluster, name)] as const)));
}

const readCrd = (cluster: Cluster, name: string): Promise<Reading<CrdObject | undefined>> =>
  reading<CrdObject | undefined>(
    cluster
      .get<CrdObject>(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`)
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      }),
  );
