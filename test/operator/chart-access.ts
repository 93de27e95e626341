/** The access that the chart gives the operator, on a real API server: its roles as the templates state them, and a token of its account. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ClusterAccess } from '#operator/kube/cluster-access';
import { directAccess } from './faulty-api.ts';
import type { World } from './world.ts';

const TEMPLATE = join(import.meta.dirname, '../../charts/remora/templates/rbac.yaml');
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

interface RoleObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly { readonly resources: readonly string[] }[];
}

/** As an installation into the namespace of `world`; `without`: resources whose rule is left out. */
export async function chartAccess(world: World, without?: string): Promise<ClusterAccess> {
  const name = `remora-${world.namespace}${without === undefined ? '' : `-without-${without}`}`;
  const account = `/api/v1/namespaces/${world.namespace}/serviceaccounts`;
  await world.send('POST', account, { metadata: { name } });
  for (const object of rolesOf(name, world.namespace))
    await world.send('POST', collectionOf(object), {
      ...object,
      ...(object.rules && { rules: object.rules.filter(({ resources }) => !resources.includes(without ?? '')) }),
    });
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const issued = await world.send('POST', `${account}/${name}/token`, request);
  const { token } = (issued as { status: { token: string } }).status;
  const { server, credentials } = directAccess(world.server);
  const headers = { authorization: `Bearer ${token}` };
  return { server, credentials: async () => ({ tls: { ca: (await credentials()).tls.ca }, headers }) };
}

/** What Helm would make of the template, whose only words are a name, labels and the namespace. */
function rolesOf(name: string, namespace: string): RoleObject[] {
  const text = readFileSync(TEMPLATE, 'utf8')
    .replaceAll('{{ include "remora.fullname" . }}', name)
    .replaceAll('{{ .Release.Namespace }}', namespace)
    .replaceAll(/^ +labels: \{\{-.*\n/gm, '');
  if (text.includes('{{')) throw new Error(`${TEMPLATE} says more than is known here`);
  return parseAllDocuments(text).map((document) => document.toJS() as RoleObject);
}

const collectionOf = ({ kind, metadata: { namespace } }: RoleObject): string =>
  `${RBAC}/${namespace === undefined ? '' : `namespaces/${namespace}/`}${kind.toLowerCase()}s`;
