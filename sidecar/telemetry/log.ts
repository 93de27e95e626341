/** The log of the data plane: one JSON line per event on standard output. Content, headers and keys never reach it. */
import { formatUsd } from '#contract/policy/money';
import { totalCacheWriteTokens, totalInputTokens, totalOutputTokens } from '#sidecar/canonical/usage';
import { wordsOf } from '#sidecar/classify/words-of';
import type { AttemptRecord, RequestRecord } from './request-record.ts';

type Scalar = string | number | boolean | undefined;

/** What JSON writes as it is: no quote, no backslash, nothing below a space, and no surrogate that may stand alone. */
const PLAIN = /^[ !#-[\]-\ud7ff]*$/;

/** As JSON writes it: what is no number there is null, and never a word that breaks the line for whoever parses it. */
const numberOf = (value: number): string => (Number.isFinite(value) ? String(value) : 'null');

const textOf = (value: string | number | boolean): string => {
  if (typeof value !== 'string') return typeof value === 'number' ? numberOf(value) : String(value);
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
};

/** With the comma before it; nothing for what is not known, as JSON.stringify leaves it out. */
const member = (name: string, value: Scalar): string => (value === undefined ? '' : `,"${name}":${textOf(value)}`);

const list = (items: readonly string[]): string => `[${items.join(',')}]`;

/** What is logged of one attempt. */
const attemptText = ({ target, outcome, hedge, status, durationMs, upstreamRequestId }: AttemptRecord): string =>
  `{"target":${textOf(target)},"outcome":${textOf(outcome)}${member('hedge', hedge)}${member('status', status)},"ms":${numberOf(Math.round(durationMs))}${member('upstreamRequestId', upstreamRequestId)}}`;

const guardrailsOf = ({ guardrailActions }: RequestRecord): string =>
  guardrailActions.length === 0
    ? ''
    : `,"guardrails":${list(guardrailActions.map(({ guardrail, action }) => textOf(`${guardrail}:${action}`)))}`;

const droppedOf = ({ droppedOfAnswer }: RequestRecord): string =>
  droppedOfAnswer === undefined ? '' : `,"droppedOfAnswer":${list(droppedOfAnswer.map(textOf))}`;

const wouldHaveOf = ({ wouldHave }: RequestRecord): string =>
  wouldHave === undefined
    ? ''
    : `,"wouldHave":${list(wouldHave.map(({ policy, rule, action }) => textOf(`${policy}/${rule}:${action}`)))}`;

const requiredOf = ({ required }: RequestRecord): string =>
  required === undefined
    ? ''
    : `,"required":${list(required.map(({ policy, tags }) => textOf(`${policy}:${tags.join('+')}`)))}`;

const classOf = ({ requestClass, classifier }: RequestRecord): string => {
  if (requestClass === undefined) return '';
  const { task, complexity, latency, costClass } = wordsOf(requestClass);
  const because = requestClass.because.length === 0 ? '' : `,"because":${list(requestClass.because.map(textOf))}`;
  return `${member('task', task)}${member('complexity', complexity)}${member('latency', latency)}${member('costClass', costClass)}${member('classifier', classifier)}${because}`;
};
const queuedOf = ({ queued }: RequestRecord): string =>
  queued === undefined
    ? ''
    : member('priority', queued.priority) +
      member('waitedMs', Math.round(queued.waitedMs)) +
      member('waitedFor', queued.waitedFor);

const downgradedOf = ({ downgraded }: RequestRecord): string =>
  downgraded === undefined ? '' : member('downgradedBy', downgraded.by) + member('downgradedTo', downgraded.model);

const continuedOf = ({ continuedBy }: RequestRecord): string =>
  continuedBy === undefined ? '' : `,"continuedBy":${list(continuedBy.map(textOf))}`;

const reasonsOf = (
  name: string,
  targets: readonly { readonly target: string; readonly reason: string }[] | undefined,
) =>
  targets === undefined ? '' : `,"${name}":${list(targets.map(({ target, reason }) => textOf(`${target}:${reason}`)))}`;

const callerOf = ({ attribution }: RequestRecord): string =>
  attribution === undefined
    ? ''
    : member('team', attribution.team) +
      member('project', attribution.project) +
      member('environment', attribution.environment) +
      member('feature', attribution.feature) +
      member('region', attribution.region);

const routeOf = (record: RequestRecord): string =>
  member('model', record.requestedModel) +
  member('route', record.route) +
  member('rule', record.rule) +
  member('strategy', record.strategy) +
  member('strategyReason', record.strategyReason) +
  reasonsOf('leftOut', record.leftOut) +
  reasonsOf('unfit', record.unfit) +
  member('variant', record.variant) +
  member('shadow', record.shadow) +
  member('target', record.answeredBy ?? record.attempts.at(-1)?.target) +
  member('lane', record.lane);

/** Left out where it is 0, as it mostly is. */
const count = (name: string, value: number): string => (value === 0 ? '' : `,"${name}":${numberOf(value)}`);

const usageOf = ({ usage, attempts, costNanoUsd }: RequestRecord): string =>
  `,"inputTokens":${numberOf(totalInputTokens(usage))},"cachedInputTokens":${numberOf(usage.cacheReadTokens)}` +
  count('cacheWriteTokens', totalCacheWriteTokens(usage)) +
  count('cacheWrite1hTokens', usage.cacheWrite1hTokens) +
  `,"outputTokens":${numberOf(totalOutputTokens(usage))}` +
  count('reasoningTokens', usage.reasoningTokens) +
  (attempts.some(({ estimated }) => estimated) ? ',"estimated":true' : '') +
  member('costUsd', costNanoUsd === null ? undefined : formatUsd(costNanoUsd));

const retriesOf = ({ clientRetry, retriesDenied }: RequestRecord): string =>
  count('clientRetry', clientRetry) +
  (retriesDenied.length === 0 ? '' : `,"retriesDenied":${list(retriesDenied.map(textOf))}`);

const rounded = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.round(ms));

/**
 * The one line of a request, just as pino writes lines but by hand, since it is the one that every request pays for. Field names are
 * part of what users parse; add, never rename.
 */
export const requestLine = (record: RequestRecord): string =>
  `{"level":"info","time":"${isoTime(record.startUnixMs + record.durationMs)}","requestId":${textOf(record.requestId)}` +
  `,"dialect":"${record.dialect}","operation":"${record.operation}"${routeOf(record)}${classOf(record)}` +
  `,"stream":${record.stream},"status":${numberOf(record.status)},"outcome":"${record.outcome}"${member('decidedBy', record.decidedBy)}${member('cache', record.cache)}${member('cacheSkip', record.cacheSkip)}` +
  `,"attempts":${list(record.attempts.map(attemptText))}${retriesOf(record)}${usageOf(record)}${guardrailsOf(record)}${requiredOf(record)}${wouldHaveOf(record)}${droppedOf(record)}${continuedOf(record)}${queuedOf(record)}${downgradedOf(record)}` +
  `${member('policy', record.policyHash?.slice(0, 12))}${callerOf(record)}${member('key', record.key)},"durationMs":${numberOf(Math.round(record.durationMs))}` +
  `${member('timeToFirstChunkMs', rounded(record.timeToFirstChunkMs))},"msg":"${record.shadow ? 'shadow' : 'request'}"}\n`;

let second = { unixS: Number.NaN, text: '' };

/** ISO 8601 to the millisecond. All but the milliseconds is written once a second. */
function isoTime(unixMs: number): string {
  const unixS = Math.floor(unixMs / 1000);
  if (unixS !== second.unixS) second = { unixS, text: new Date(unixS * 1000).toISOString().slice(0, -4) };
  const ms = Math.floor(unixMs) - unixS * 1000;
  return `${second.text}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
}
