/** Whether an attempt counts against a limit, as far as route, target and request decide. What the workload decides was decided where policies are compiled. */
import { KEY_SCOPES, means, REQUEST_SCOPES } from '#contract/resources/limit-names';
import { type PartitionedRequest, partitionValue } from './book-id.ts';
import type { PolicyBudget, PolicyTarget } from './policy.ts';

/** Model of a target that passes the asked name on. */
const ANY_MODEL = '*';

/** False: no attempt on the target through the route counts. `route` is `namespace/name`. */
export function mayCount(
  { where }: Pick<PolicyBudget, 'where'>,
  route: string,
  { provider, model }: Pick<PolicyTarget, 'provider' | 'model'>,
): boolean {
  if (where === undefined) return true;
  return (
    (where.route === undefined || means(where.route, route)) &&
    (where.provider === undefined || means(where.provider, provider)) &&
    (where.model === undefined || where.model === model || model === ANY_MODEL)
  );
}

const OF_REQUEST = [...KEY_SCOPES, ...REQUEST_SCOPES, 'model'] as const;

/** Of a limit that `mayCount`: whether it does for this request. */
export const counts = ({ where }: Pick<PolicyBudget, 'where'>, request: PartitionedRequest): boolean =>
  where === undefined ||
  OF_REQUEST.every((scope) => {
    const stated = where[scope];
    if (stated === undefined) return true;
    const value = partitionValue(scope, request);
    return scope === 'key' ? value !== undefined && means(stated, value) : stated === value;
  });
