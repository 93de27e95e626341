/** AIBudgetLedger objects in the API server, for the treasury's cluster store. */
import { KIND } from '#contract/names/api';
import type { LedgerObject, LedgerObjects } from '#treasury/stores/cluster/ledger-objects';
import type { KubeClient } from './kube-client.ts';
import { hasStatus } from './kube-error.ts';
import { apiVersionOf, pathOf, remoraType } from './resource-type.ts';

const PAGE_SIZE = 500;

interface LedgerPage {
  readonly metadata: { readonly continue?: string };
  readonly items: readonly LedgerObject[];
}

export function ledgerClient(client: KubeClient): LedgerObjects {
  const type = remoraType(KIND.budgetLedger);
  const ignoreMissing = (error: unknown): undefined => {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  };
  return {
    get: (namespace, name) => client.find<LedgerObject>(type, { namespace, name }),
    create: (object) => client.create(type, object.metadata.namespace, object),
    replace: (object) => client.replace(type, object.metadata, object),
    delete: (namespace, name, resourceVersion) =>
      client.delete(type, { namespace, name }, resourceVersion).catch(ignoreMissing),
    async list() {
      const objects: LedgerObject[] = [];
      let token: string | undefined;
      do {
        const page: LedgerPage = await client.call({
          method: 'GET',
          path: pathOf(type),
          query: { limit: PAGE_SIZE, continue: token },
        });
        // Items of a list carry neither apiVersion nor kind.
        objects.push(...page.items.map((item) => ({ ...item, apiVersion: apiVersionOf(type), kind: type.kind })));
        token = page.metadata.continue || undefined;
      } while (token !== undefined);
      return objects;
    },
  };
}
