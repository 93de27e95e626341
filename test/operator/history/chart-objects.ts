/** What the chart installs for the history, rendered by helm as a release in a namespace of a real API server. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { World } from '#test/operator/world';
import { locateBinaries } from '#test/support/kube-binaries';
import { missing } from '#test/support/missing';

const CHART = join(import.meta.dirname, '../../../charts/remora');
const run = promisify(execFile);

interface ChartObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** Rights and the Service. Resolves to the name that all of it begins with; to undefined where helm is absent, and the test is told. */
export async function installHistory(
  t: Parameters<typeof missing>[0],
  world: World,
  ...settings: readonly string[]
): Promise<string | undefined> {
  const folder = locateBinaries(['helm']);
  if (folder === undefined) {
    missing(t, 'no helm: run npm run test:cluster once, which gets it');
    return undefined;
  }
  const name = `remora-${world.namespace}`;
  const templates = ['serviceaccount', 'history-rbac', 'history'].flatMap((file) => ['-s', `templates/${file}.yaml`]);
  const args = [
    'template',
    name,
    CHART,
    '-n',
    world.namespace,
    ...templates,
    ...settings.flatMap((one) => ['--set', one]),
  ];
  const { stdout } = await run(join(folder, 'helm'), args, { timeout: 60_000 });
  for (const document of parseAllDocuments(stdout)) await create(world, document.toJS() as ChartObject | null);
  return name;
}

async function create(world: World, object: ChartObject | null): Promise<void> {
  // Nothing runs or stores pods here.
  if (object === null || ['StatefulSet', 'PersistentVolumeClaim'].includes(object.kind)) return;
  const { apiVersion, kind, metadata } = object;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  await world.send('POST', `${root}${within}/${kind.toLowerCase()}s`, object);
}

export async function tokenOf(world: World, account: string, audiences: readonly string[]): Promise<string> {
  const answer = await world.send('POST', `/api/v1/namespaces/${world.namespace}/serviceaccounts/${account}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences },
  });
  return (answer as { readonly status: { readonly token: string } }).status.token;
}
