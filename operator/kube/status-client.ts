/** Writes an object's status by server-side apply through the status subresource, so that no other writer's fields are touched. */
import type { KubeClient } from './kube-client.ts';
import { apiVersionOf, type ObjectRef, pathOf, type ResourceType } from './resource-type.ts';

export const FIELD_MANAGER = 'remora-operator';

/**
 * `status` is the whole status: fields that we applied before and leave out now are removed. The uid makes a write to a namesake
 * that was created since fail with KubeError 409 instead of landing on it.
 */
export async function applyStatus(
  client: KubeClient,
  type: ResourceType,
  { ref, uid, status }: { readonly ref: ObjectRef; readonly uid: string; readonly status: unknown },
): Promise<void> {
  await client.call({
    method: 'PATCH',
    path: pathOf(type, ref, 'status'),
    query: { fieldManager: FIELD_MANAGER, force: true },
    contentType: 'application/apply-patch+yaml',
    body: { apiVersion: apiVersionOf(type), kind: type.kind, metadata: { ...ref, uid }, status },
  });
}
