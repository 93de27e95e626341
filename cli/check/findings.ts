/** What is right and wrong with an installation: facts of a cluster into findings, group by group. Pure. */
import { type CrdObject, type DeploymentObject, nameOf, type WebhookObject } from '#cli/kube/objects';
import type { Reading } from '#cli/kube/read';
import { API_VERSION } from '#contract/names/api';
import { type Finding, failure, ok, summed, unreadable, warning } from './finding.ts';

/** Native sidecars are stable from here on. */
const LEAST_MINOR = 33;
const INSTALL = 'helm install remora charts/remora -n remora-system --create-namespace';

export interface ServerVersion {
  readonly major: string;
  /** `33`, or `33+` of some clouds. */
  readonly minor: string;
  readonly gitVersion: string;
}

export function versionFinding(server: string, { major, minor, gitVersion }: ServerVersion): Finding {
  const isEnough = Number(major) > 1 || (Number(major) === 1 && Number.parseInt(minor, 10) >= LEAST_MINOR);
  if (isEnough) return ok('kubernetes-api', `${server} is Kubernetes ${gitVersion}`);
  const message = `${server} is Kubernetes ${gitVersion}; Remora needs 1.${LEAST_MINOR} or newer`;
  return failure('kubernetes-api', message, 'kubectl version');
}

/** What whoever installs must be allowed to create; `verb group/resource` by whether it is. */
export const permissionFindings = (mayCreate: Readonly<Record<string, boolean>>): Finding[] =>
  summed(
    'permissions',
    Object.entries(mayCreate)
      .filter(([, allowed]) => !allowed)
      .map(([resource]) =>
        failure('permissions', `you may not create ${resource}`, `kubectl auth can-i create ${resource}`),
      ),
    'you may create what the installation needs',
  );

/** By the name of the CRD; undefined: it does not exist. */
export type CrdReadings = ReadonlyMap<string, Reading<CrdObject | undefined>>;

export function crdFindings(crds: CrdReadings): Finding[] {
  const faults = [...crds].flatMap(([name, read]): Finding[] => {
    if ('fault' in read) return [failure('crds', `${name} cannot be read: ${read.fault}`, 'kubectl auth whoami')];
    const fault = read.value === undefined ? 'is not installed' : crdFault(read.value);
    return fault === undefined ? [] : [failure('crds', `${name} ${fault}`, 'kubectl apply --server-side -f crds')];
  });
  return summed('crds', faults, `all ${crds.size} are served as ${API_VERSION}`);
}

function crdFault({ spec, status }: CrdObject): string | undefined {
  const isServed = spec?.versions?.some(({ name, served }) => name === API_VERSION && served !== false) ?? false;
  if (!isServed) return `does not serve ${API_VERSION}`;
  const holds = (wanted: string) =>
    status?.conditions?.some(({ type, status: is }) => type === wanted && is === 'True');
  return holds('Established') === true ? undefined : 'is not established';
}

export function operatorFindings(read: Reading<readonly DeploymentObject[]>): Finding[] {
  if ('fault' in read) return [unreadable('operator', read.fault)];
  if (read.value.length === 0) return [failure('operator', 'no operator is installed', INSTALL)];
  return read.value.map(deploymentFinding);
}

function deploymentFinding({ metadata, spec, status }: DeploymentObject): Finding {
  const wanted = spec?.replicas ?? 1;
  const ready = status?.readyReplicas ?? 0;
  const message = `Deployment ${nameOf(metadata)}: ${ready} of ${wanted} replicas ready`;
  const remedy = `kubectl -n ${metadata.namespace} describe deployment ${metadata.name}`;
  if (ready === 0) return failure('operator', `${message}: nothing is compiled, pushed or injected`, remedy);
  return ready < wanted ? warning('operator', message, remedy) : ok('operator', message);
}

export function webhookFindings(read: Reading<readonly WebhookObject[]>): Finding[] {
  if ('fault' in read) return [unreadable('webhook', read.fault)];
  if (read.value.length === 0)
    return [failure('webhook', 'there is no MutatingWebhookConfiguration: no pod gets a sidecar', INSTALL)];
  return read.value.map(({ metadata, webhooks = [] }) => {
    const bare = webhooks.filter(({ clientConfig }) => !clientConfig?.caBundle).map(({ name }) => name);
    const named = `MutatingWebhookConfiguration ${metadata.name}`;
    if (webhooks.length === 0) return failure('webhook', `${named} is empty: no pod gets a sidecar`, INSTALL);
    if (bare.length === 0)
      return ok('webhook', `${named}: ${webhooks.length} webhooks trust the operator's certificate`);
    return failure(
      'webhook',
      `${named}: ${bare.join(', ')} without caBundle, so pods that ask for a sidecar are refused; the operator sets it`,
      logsOf(webhooks),
    );
  });
}

/** Wrong objects have their conditions anyhow, so that what is missing here is no failure. */
export function validationFindings(read: Reading<readonly WebhookObject[]>): Finding[] {
  if ('fault' in read) return [unreadable('webhook', read.fault)];
  const effect = 'wrong objects are stored, and only their conditions say so';
  if (read.value.length === 0)
    return [warning('webhook', `there is no ValidatingWebhookConfiguration: ${effect}`, INSTALL)];
  return read.value
    .filter(({ webhooks = [] }) => webhooks.some(({ clientConfig }) => !clientConfig?.caBundle))
    .map(({ metadata, webhooks = [] }) =>
      warning(
        'webhook',
        `ValidatingWebhookConfiguration ${metadata.name}: without caBundle, so ${effect}; the operator sets it`,
        logsOf(webhooks),
      ),
    );
}

/** The chart gives Service and Deployment one name. */
function logsOf(webhooks: NonNullable<WebhookObject['webhooks']>): string {
  const { namespace, name } = webhooks[0]?.clientConfig?.service ?? { namespace: 'remora-system', name: 'remora' };
  return `kubectl -n ${namespace} logs deployment/${name} --tail=50`;
}
