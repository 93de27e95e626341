/** From a dry run to its explanation. Pure. */
import { formatUsd } from '#contract/policy/money';
import type { PolicyGuardrail } from '#contract/policy/policy';
import { wordsOf } from '#sidecar/classify/words-of';
import { isLargeToInspect } from '#sidecar/pipeline/large';
import type { Ceiling } from '#sidecar/pipeline/policy/ceilings';
import type { CompiledRoute } from '#sidecar/pipeline/policy/snapshot';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import { leftOutRows } from './describe-left-out.ts';
import { objectsOf } from './describe-objects.ts';
import { routeAsked, ruleRows } from './describe-rules.ts';
import { guardrailName, targetRow } from './describe-target.ts';
import type { DryRun } from './dry-run.ts';
import { errorOf } from './explained-error.ts';
import type { Explanation } from './explanation.ts';

export function explanationOf(run: DryRun): Explanation {
  const { log, selection } = run;
  const record = log.finish();
  const route = selection?.route ?? routeAsked(run);
  const rule = selection && route?.rules[selection.rule];
  const { policyHash, required, wouldHave, failedExpressions } = record;
  return {
    request: requestOf(run, record),
    ...outcomeOf(run),
    ...(record.downgraded && { downgraded: record.downgraded }),
    ...callerOf(run),
    ...(policyHash !== undefined && { policyHash }),
    objects: objectsOf(run, route),
    ...(route && { route: route.policy.key }),
    rules: ruleRows(run, route, record),
    ...classOf(record, route),
    ...(rule && { strategy: { name: rule.strategy, affinity: rule.affinity, reason: record.strategyReason } }),
    ...variantOf(run),
    targets: (run.outlooks ?? []).map((outlook) => targetRow(outlook, { run, rule })),
    leftOut: leftOutRows(run, rule),
    ceilings: (route?.ceilings ?? []).map(ceilingRow),
    guardrails: guardrailRows(run),
    ...(required && { required }),
    ...(wouldHave && { wouldHave }),
    ...(failedExpressions && { failedExpressions }),
    ...concurrencyOf(route),
    ...cacheOf(run),
  };
}

function outcomeOf({ refused, outlooks, isAnsweredHere }: DryRun): Pick<Explanation, 'outcome' | 'refused' | 'sentTo'> {
  if (refused !== undefined) return { outcome: 'refused', refused: errorOf(refused) };
  if (isAnsweredHere) return { outcome: 'answered' };
  const first = outlooks?.find(({ error }) => error === undefined);
  return { outcome: 'sent', ...(first && { sentTo: first.candidate.target.policy.name }) };
}

const requestOf = ({ understood }: DryRun, record: RequestRecord): Explanation['request'] => ({
  dialect: record.dialect,
  operation: record.operation,
  ...(record.requestedModel !== undefined && { model: record.requestedModel }),
  stream: record.stream,
  ...(understood !== undefined && { inputBytes: understood.decoded.content.bytes.length }),
});

function callerOf({ understood, log }: DryRun): Pick<Explanation, 'caller'> {
  if (understood === undefined) return log.attribution === undefined ? {} : { caller: log.attribution };
  const { attribution, user, session, tier, key } = understood.caller;
  return { caller: { ...attribution, user, session, tier, ...(key !== undefined && { key }) } };
}

function classOf(
  { requestClass, classifier }: RequestRecord,
  route: CompiledRoute | undefined,
): Pick<Explanation, 'class'> {
  if (requestClass === undefined) return {};
  const isOnlyOurs = classifier !== undefined && route?.policy.classifier !== undefined;
  return {
    class: {
      ...wordsOf(requestClass),
      because: requestClass.because,
      ...(isOnlyOurs && { classifierNotAsked: true }),
    },
  };
}

function variantOf({ selection }: DryRun): Pick<Explanation, 'variant'> {
  if (selection?.variant === undefined) return {};
  const { name, mode, percent } = selection.variant.policy;
  return { variant: { name, mode, percent } };
}

const ceilingRow = ({ object, observedBy, maxInputTokens, maxOutputTokens, maxNanoUsd }: Ceiling) => ({
  object,
  maxInputTokens,
  maxOutputTokens,
  maxUsd: maxNanoUsd === undefined ? undefined : formatUsd(maxNanoUsd),
  observed: observedBy !== undefined,
});

function guardrailRows({ understood, selection }: DryRun): Explanation['guardrails'] {
  if (understood === undefined) return [];
  const { decoded, snapshot } = understood;
  const rowOf = (guardrail: PolicyGuardrail) => ({
    guardrail: guardrailName(guardrail),
    action: guardrail.action,
    observed: guardrail.mode === 'Observe',
  });
  // Of a large request only what masked it is told, which was found in slices: to count takes as long again, in one piece.
  if (isLargeToInspect(decoded.content.bytes))
    return [...new Set((selection?.candidates ?? []).flatMap(({ maskedBy }) => maskedBy))].map(rowOf);
  return snapshot.guardrails.findings(decoded.request).map(({ guardrail, found }) => ({ ...rowOf(guardrail), found }));
}

function concurrencyOf(route: CompiledRoute | undefined): Pick<Explanation, 'concurrency'> {
  const perPod = route?.policy.concurrency?.perPod;
  return perPod === undefined ? {} : { concurrency: { max: perPod.max, queue: perPod.queue } };
}

function cacheOf({ cache, selection }: DryRun): Pick<Explanation, 'cache'> {
  const stated = selection?.route.cache;
  if (cache === undefined || stated === undefined) return {};
  const { result, because } = cache;
  return { cache: { result, ...(because && { because }), scope: stated.scope, ttlMs: stated.ttlMs } };
}
