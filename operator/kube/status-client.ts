/** Writes an object's status through its subresource. */
import type { KubeClient } from './kube-client.ts';
import type { ObjectRef, ResourceType } from './resource-type.ts';

/**
 * `status` is the whole status. The uid makes a write to a namesake that was created since fail with KubeError 409 instead of landing
 * on it.
 */
export async function applyStatus(
  client: KubeClient,
  type: ResourceType,
  { ref, uid, status }: { readonly ref: ObjectRef; readonly uid: string; readonly status: unknown },
): Promise<void> {
  await client.apply(type, ref, { metadata: { uid }, subresource: 'status', status });
}
