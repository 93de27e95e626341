/** What a limit can cover a part of (`match`) and be kept apart by (`per`). Where each value of an attempt comes from: `docs/guides/budgets.md`. */
import { z } from 'zod';
import { dnsLabel, labelValue } from './fields.ts';
import { BUDGET_SCOPES } from './limit-names.ts';
import { matching, setOf } from './validation.ts';

/** Of what a sidecar keeps of such a claim. */
const MAX_CLAIM_CHARS = 256;

export const claim = (description: string) =>
  matching(/^[!-~]([ -~]*[!-~])?$/, MAX_CLAIM_CHARS, 'must be printable ASCII without spaces at its ends').describe(
    description,
  );

const NAMED = /^([a-z0-9]([-a-z0-9]*[a-z0-9])?\/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** An object in whatever namespace, or in one. */
const named = (description: string) =>
  matching(NAMED, 317, 'must be the name of an object, or its namespace, a slash and its name').describe(description);

export const limitMatch = z
  .object({
    team: labelValue('Label remora.dev/team of the namespace, else of the pod.').optional(),
    project: labelValue('Label remora.dev/project of the namespace, else of the pod.').optional(),
    environment: labelValue('Label remora.dev/environment of the namespace, else of the pod.').optional(),
    user: claim('The end user: header x-remora-user, else as the body says.').optional(),
    feature: claim('Header x-remora-feature, else the annotation remora.dev/feature of the pod.').optional(),
    session: claim('Header x-remora-session.').optional(),
    run: claim('Header x-remora-run: one run of an agent.').optional(),
    model: matching(/^[!-)+-~]+$/, 253, 'must be the name of one model: printable ASCII without spaces and "*"')
      .optional()
      .describe('The model that the provider is asked for, as the provider names it.'),
    provider: named('The AIProvider that is asked: its name, or `namespace/name`.').optional(),
    route: named('The AIRoute that the request goes through: its name, or `namespace/name`.').optional(),
    namespace: dnsLabel('Namespace of the pod.').optional(),
    workload: named('The ServiceAccount that the pod runs as: its name, or `namespace/name`.').optional(),
    key: named('The AIKey whose token the request sends: its name, or `namespace/name`.').optional(),
  })
  .default({})
  .describe('What counts against this limit; all stated values must hold. Omitted: all that the object covers.');

export const limitPer = setOf(z.enum(BUDGET_SCOPES), { max: BUDGET_SCOPES.length })
  .default([])
  .describe(
    'The cap holds for each of these by itself: `[user]` gives every end user the whole amount, `[user, model]` every user the whole amount of each model. ' +
      'Requests that do not state a value share one amount. One pod counts at most 2000 values per limit and window, and an object keeps at most ' +
      '10000 books in the cluster, one per value and window; what is beyond is refused. Books are kept for 2 windows after their own, at least 30 ' +
      'minutes and at most 48 hours. Omitted: all that match share one amount.',
  );
