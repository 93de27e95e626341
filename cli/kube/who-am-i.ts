/** The name by which the API server knows whoever runs this. */
import type { Cluster } from './cluster.ts';

/** undefined: it does not say. */
export async function whoAmI(cluster: Cluster): Promise<string | undefined> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  try {
    const review = await cluster.review<{ status?: { userInfo?: { username?: string } } }>(path, body);
    return review.status?.userInfo?.username;
  } catch {
    return undefined;
  }
}
