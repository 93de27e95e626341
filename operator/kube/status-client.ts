/** Writes an object's status through its subresource. */
import type { KubeClient } from './kube-client.ts';
import type { KubeObject, ObjectRef, ResourceType } from './resource-type.ts';

interface StatusWrite {
  readonly ref: ObjectRef;
  /** Makes a write to a namesake that was created since fail with KubeError 409 instead of landing on it. */
  readonly uid: string;
  /** The version that is replaced; of any other one KubeError 409. Default: whatever is there. */
  readonly resourceVersion?: string;
  /** The whole of it. */
  readonly status: unknown;
}

/** Gives the version that it made. */
export async function applyStatus(
  client: KubeClient,
  type: ResourceType,
  { ref, status, ...metadata }: StatusWrite,
): Promise<string | undefined> {
  const written = await client.apply<KubeObject>(type, ref, { metadata, subresource: 'status', status });
  return written.metadata.resourceVersion;
}
