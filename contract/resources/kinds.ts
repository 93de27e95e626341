/** The registry of kinds: what the CRD generator, the reflector and the file reader iterate over. */
import { z } from 'zod';
import { AI_BUDGET, aiBudget } from './ai-budget.ts';
import { AI_BUDGET_LEDGER } from './ai-budget-ledger.ts';
import { AI_KEY, aiKey } from './ai-key.ts';
import { AI_POLICY, aiPolicy } from './ai-policy.ts';
import { AI_PROVIDER, aiProvider } from './ai-provider.ts';
import { AI_ROUTE, aiRoute } from './ai-route.ts';
import type { KindDefinition } from './fields.ts';

/** Kinds that users write, in the order in which references point: providers first. */
export const USER_KINDS: readonly KindDefinition[] = [AI_PROVIDER, AI_ROUTE, AI_BUDGET, AI_POLICY, AI_KEY];
export const ALL_KINDS: readonly KindDefinition[] = [...USER_KINDS, AI_BUDGET_LEDGER];

export const resource = z.discriminatedUnion('kind', [aiProvider, aiRoute, aiBudget, aiPolicy, aiKey]);
/** Any object that a user writes, parsed and with defaults applied. */
export type Resource = z.infer<typeof resource>;
