/** What the usage rows say of a request: of each of its attempts, and of itself where none was made. */
import type { Attribution } from '#contract/policy/policy';
import type { BudgetGate } from '#sidecar/budget/budget-gate';
import { endFields } from '#sidecar/budget/settlement';
import { labelled, type RowLabels, timeWithin } from '#sidecar/budget/usage-record';
import { operationOf } from '#sidecar/canonical/operation';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import type { PlannedQuestion } from './attempt.ts';
import type { Candidate } from './attempts/candidate.ts';
import type { Call } from './call.ts';
import { claimIn } from './identify.ts';

/** Where a price is of no book: the AIProvider states it, or its type costs nothing. */
const STATED = 'AIProvider';

/** Whom the spending is attributed to. A workload is what policies call so: the pods of one ServiceAccount. */
const attributed = ({ namespace, serviceAccount, team, project, environment, feature }: Attribution): RowLabels => ({
  ...{ namespace, team, project, environment, feature },
  workload: `${namespace}/${serviceAccount}`,
});

export function attemptLabels(candidate: Candidate, { call, caller, selection, log }: PlannedQuestion): RowLabels {
  const { target, provider, model, request } = candidate;
  const { attribution, user, session, run, key, priceBook } = caller;
  const { price } = target.policy;
  return {
    ...attributed(attribution),
    ...{ user, session, run, key, model },
    attempt: log.attempts.length + 1,
    rule: ruleOf(selection.rule),
    variant: target.variant ?? log.variant,
    provider: provider.policy.key,
    providerName: provider.adapter.telemetryName,
    operation: call.endpoint.dialect.operation,
    // Only prices of a book leave other tiers of service open.
    priceVersion: price === null ? undefined : price.otherServiceTiers === undefined ? STATED : priceBook,
    billed: operationOf(request).billed,
    pieces: piecesOf(request),
    traffic: log.isShadow ? 'shadow' : undefined,
  };
}

/** An account that keeps what is asked for is chosen by no rule. */
const ruleOf = (rule: number | undefined): string | undefined =>
  rule === undefined || rule < 0 ? undefined : String(rule);

function piecesOf(request: CanonicalRequest): RowLabels['pieces'] {
  const { billed, pieces } = operationOf(request);
  if (pieces === undefined) return undefined;
  return billed === 'image' ? { images: pieces(request) } : { characters: pieces(request) };
}

const UNBILLED = { costNanoUsd: '0', billing: 'nothing' } as const;

/** An answer that was given before: nobody was asked, and nothing is billed. */
function keepHit({ requestId, startUnixMs, ...record }: RequestRecord, hit: RowLabels, gate: BudgetGate): void {
  const end = { outcome: 'cached', totalMs: record.durationMs, firstTokenMs: record.timeToFirstChunkMs } as const;
  gate.keep?.({
    timeMs: timeWithin(startUnixMs),
    ...labelled({ ...hit, requestId, route: record.route, priceVersion: undefined }),
    ...endFields(end, UNBILLED),
  });
}

/**
 * A request that was refused, or whose client left, before any attempt is one row, as is one that was answered as another was before. What else was
 * answered here leaves none. `hit`: of the answer that was given before.
 */
export function keepUnsent(
  record: RequestRecord,
  call: Pick<Call, 'headers'>,
  gate: BudgetGate,
  hit?: RowLabels,
): void {
  if (record.attempts.length > 0) return;
  if (hit !== undefined && (record.outcome === 'ok' || record.outcome === 'client_closed')) keepHit(record, hit, gate);
  else if (record.outcome !== 'ok') keepRefused(record, call, gate);
}

function keepRefused(record: RequestRecord, call: Pick<Call, 'headers'>, gate: BudgetGate): void {
  const { requestId, user, key, route, variant, operation, requestedModel, startUnixMs, durationMs: totalMs } = record;
  const isLeft = record.outcome === 'client_closed';
  gate.keep?.({
    timeMs: timeWithin(startUnixMs),
    ...labelled({
      ...(record.attribution && attributed(record.attribution)),
      ...{ requestId, user, key, route, variant, operation },
      session: claimIn(call, 'session'),
      run: claimIn(call, 'run'),
      rule: ruleOf(record.rule),
      // A name that no route serves may be anything, and a label has few values.
      model: route && requestedModel,
    }),
    ...endFields(
      isLeft ? { outcome: 'cancelled', totalMs } : { outcome: 'refused', failure: record.outcome, totalMs },
      UNBILLED,
    ),
  });
}
