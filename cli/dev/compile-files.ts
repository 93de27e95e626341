/** Files into what a sidecar runs: the same compiler as in the cluster, over objects that were read instead of watched. */

import { tokenFault, tokenRefOf, withDigest } from '#cli/files/key-token';
import { type FilesReading, type ReadOptions, readFiles } from '#cli/files/read-files';
import { compileWorkload, conditionsOf } from '#contract/compile/compile';
import { objectKey, objectText } from '#contract/compile/object-key';
import { ResourceIndex } from '#contract/compile/resource-index';
import type { Snapshot } from '#contract/compile/snapshot';
import { selectingLabels, type Workload, workloadOf } from '#contract/compile/workload';
import { KIND } from '#contract/names/api';
import type { ConditionReason } from '#contract/names/conditions';
import { credentialName } from '#contract/policy/credential-name';
import { policyHash } from '#contract/policy/hash';
import type { Policy } from '#contract/policy/policy';
import type { Resource } from '#contract/resources/kinds';

export interface CompiledFiles {
  readonly policy: Policy;
  readonly hash: string;
  readonly credentials: ReadonlyMap<string, string>;
  /** Objects that are not in effect, or only in part, and why. */
  readonly faults: readonly ObjectFault[];
  readonly notes: readonly string[];
}

interface ObjectFault {
  /** `AIProvider demo/openai`. */
  readonly object: string;
  /** `examples/2-providers.yaml:3`. */
  readonly origin: string;
  readonly reason: ConditionReason;
  readonly message: string;
}

/** One line per error, each with file, line and reason. */
export class FilesRefused extends Error {
  readonly errors: readonly string[];

  constructor(errors: readonly string[]) {
    super(errors.join('\n'));
    this.name = 'FilesRefused';
    this.errors = errors;
  }
}

export interface CompileFilesOptions {
  readonly env: ReadOptions['env'];
  /** Default: the only namespace that has an AIRoute, else `default`. */
  readonly namespace?: string | undefined;
  /** Of the pod that the workload is taken for. Default: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Throws FilesRefused when anything in the files is wrong; then nothing of them is used. */
export async function compileFiles(paths: readonly string[], options: CompileFilesOptions): Promise<CompiledFiles> {
  const reading = await readFiles(paths, { env: options.env, defaultNamespace: options.namespace ?? 'default' });
  const errors = [...reading.errors, ...serviceErrors(reading)];
  if (errors.length > 0) throw new FilesRefused(errors);
  const namespace = options.namespace ?? onlyNamespace(reading);
  const index = indexOf(reading, namespace);
  const snapshot = index.snapshot();
  const labels = options.labels ?? {};
  const policy = compileWorkload(
    snapshot,
    workloadIn(reading, namespace, { labels, selecting: selectingLabels(snapshot).of(namespace) }),
  );
  return {
    policy,
    hash: policyHash(policy),
    credentials: credentialsOf(reading),
    faults: faultsOf(snapshot, reading),
    notes: [...reading.notes, ...tokenFaults(reading), ...(options.labels === undefined ? labelNotes(reading) : [])],
  };
}

/** The namespace is its own platform: on a laptop one person is both. */
function indexOf(reading: FilesReading, namespace: string): ResourceIndex {
  const index = new ResourceIndex({ platformNamespaces: [namespace] });
  for (const { name, labels } of reading.namespaces) index.applyNamespace(name, labels);
  for (const secret of reading.secrets) index.applySecretKeys(secret.namespace, secret.name, secret.values.keys());
  for (const resource of reading.resources)
    index.apply(withoutAlerts(resource.kind === KIND.key ? withDigest(resource, reading.secrets) : resource));
  return index;
}

/** Who is told by alerts is the operator's to know, as a note says. */
const withoutAlerts = (resource: Resource): object => ({ ...resource, spec: { ...resource.spec, alerts: undefined } });

function onlyNamespace(reading: FilesReading): string {
  const namespaces = new Set(
    reading.resources.filter(({ kind }) => kind === 'AIRoute').map(({ metadata }) => metadata.namespace),
  );
  const [first = 'default', ...others] = namespaces;
  if (others.length === 0) return first;
  throw new FilesRefused([
    `AIRoutes of several namespaces were read (${[...namespaces].join(', ')}): choose one with --namespace`,
  ]);
}

interface PodLabels {
  readonly labels: Readonly<Record<string, string>>;
  readonly selecting: ReadonlySet<string>;
}

const workloadIn = (reading: FilesReading, namespace: string, { labels, selecting }: PodLabels): Workload =>
  workloadOf(
    { namespace, serviceAccount: 'default', labels },
    reading.namespaces.find(({ name }) => name === namespace),
    selecting,
  );

const tokenFaults = ({ resources, secrets }: FilesReading): string[] =>
  resources.flatMap((resource) => (resource.kind === KIND.key ? (tokenFault(resource, secrets) ?? []) : []));

/** What calls may be made with: not the tokens of AIKeys, of which a policy has the digests. */
function credentialsOf({ secrets, resources }: FilesReading): Map<string, string> {
  const credentials = new Map(
    secrets.flatMap(({ namespace, name, values }) =>
      [...values].map(([key, value]) => [credentialName({ namespace, secret: name, key }), value] as const),
    ),
  );
  for (const resource of resources) {
    if (resource.kind !== KIND.key) continue;
    const { namespace, name, key } = tokenRefOf(resource);
    credentials.delete(credentialName({ namespace, secret: name, key }));
  }
  return credentials;
}

/** Who is ready behind a Service is nowhere in files. */
const serviceErrors = ({ resources, origins }: FilesReading): string[] =>
  resources.flatMap((resource) => {
    if (resource.kind !== 'AIProvider' || resource.spec.service === undefined) return [];
    const origin = origins.get(objectKey({ kind: resource.kind, ...resource.metadata })) ?? '';
    const { name } = resource.spec.service;
    return [
      `${origin}: spec.service: ${objectText(resource)} names Service ${name}, which only the operator in a cluster can follow; here state the addresses of its servers as spec.endpoints`,
    ];
  });

/** There are no pods here, and so no labels of theirs. */
const labelNotes = ({ resources, origins }: FilesReading): string[] =>
  resources.flatMap((resource) => {
    if (resource.kind !== 'AIPolicy' || resource.spec.appliesTo?.workloads === undefined) return [];
    const origin = origins.get(objectKey({ kind: resource.kind, ...resource.metadata })) ?? '';
    return [`${origin}: ${objectText(resource)} binds pods by their labels, and here are none: it binds nobody`];
  });

function faultsOf(snapshot: Snapshot, reading: FilesReading): ObjectFault[] {
  const conditions = conditionsOf(snapshot);
  return reading.resources.flatMap((resource) => {
    const { kind, metadata } = resource;
    const key = objectKey({ kind, namespace: metadata.namespace, name: metadata.name });
    const failed = conditions.get(key)?.find(({ status }) => status === 'False');
    if (failed === undefined) return [];
    return [
      {
        object: objectText(resource),
        origin: reading.origins.get(key) ?? '',
        reason: failed.reason,
        message: failed.message,
      },
    ];
  });
}
