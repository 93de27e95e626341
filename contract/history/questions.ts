/** Questions of finance: each is a query and the one line that its answer comes to. */
import { LABEL } from '#contract/names/api';
import { REQUEST_HEADER } from '#contract/names/headers';
import { formatUsd } from '#contract/policy/money';
import { percentOf } from './render-report.ts';
import type { ReportAnswer, ReportQuery } from './report.ts';

/** From the first day to the one before `to`. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

export interface Question {
  readonly query: ReportQuery;
  /** One line without its end. */
  readonly answer: (report: ReportAnswer) => string;
}

/** What has no team is looked for among so many. */
const MAX_TEAMS = 1_000;

/** What is not known is said, for it would make the amounts larger. */
const withUnknown = (sentence: string, { total }: ReportAnswer): string =>
  total.unpriced === 0n ? sentence : `${sentence} The cost of ${total.unpriced} more attempts is not known.`;

const span = ({ from, to }: Days): string => `from ${from} until before ${to}`;

const share = (part: bigint, whole: bigint): string => `${percentOf(part, whole)} %`;

const LABEL_THEM = `label its namespaces or pods ${LABEL.team}, which \`remora report --by namespace,workload --where team=\` names`;

/** Which team is responsible for most of the spend on a service, `openai` for instance. What has no team is no team, and said beside it. */
export function dearestTeam(providerName: string, days: Days): Question {
  return {
    query: { by: ['team'], period: 'total', ...days, where: { providerName: [providerName] }, top: MAX_TEAMS },
    answer(report) {
      const whole = report.total.costNanoUsd;
      const where = `of $${formatUsd(whole)} on ${providerName} ${span(days)}`;
      if (whole === 0n) return withUnknown(`Nobody spent anything on ${providerName} ${span(days)}.`, report);
      const teams = report.groups.flatMap(({ labels: [team] = [], measures: { costNanoUsd: cost } }) =>
        team === undefined || cost === 0n ? [] : [{ team, cost }],
      );
      const none = teams.find(({ team }) => team === '')?.cost ?? 0n;
      const dearest = teams.find(({ team }) => team !== '');
      const who =
        dearest === undefined
          ? `No team is known to have spent any ${where}.`
          : `${dearest.team} spent $${formatUsd(dearest.cost)} ${where}: ${share(dearest.cost, whole)}.`;
      const rest = none === 0n ? '' : ` $${formatUsd(none)} (${share(none, whole)}) has no team: ${LABEL_THEM}.`;
      return withUnknown(`${who}${rest}`, report);
    },
  };
}

/** What one interaction costs: a session, as the app names it by `x-remora-session`. `label` says what `value` is, such as the feature. */
export function costPerSession(
  label: 'feature' | 'workload' | 'project' | 'team',
  value: string,
  days: Days,
): Question {
  return {
    query: { by: [], period: 'total', ...days, where: { [label]: [value] }, top: 1 },
    answer(report) {
      const { sessions, sessionCostNanoUsd, costNanoUsd } = report.total;
      const outside = costNanoUsd - sessionCostNanoUsd;
      const rest =
        outside === 0n
          ? ''
          : ` $${formatUsd(outside)} was spent there outside of any session: requests name theirs in ${REQUEST_HEADER.session}.`;
      if (sessions === 0n) return withUnknown(`No session of ${value} began ${span(days)}.${rest}`, report);
      const each = (sessionCostNanoUsd + sessions - 1n) / sessions;
      const sentence = `One session of ${value} costs $${formatUsd(each)}: $${formatUsd(sessionCostNanoUsd)} for ${sessions} sessions ${span(days)}.`;
      return withUnknown(`${sentence}${rest}`, report);
    },
  };
}
