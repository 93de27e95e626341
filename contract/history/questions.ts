/** Questions of finance: each is a query and the one line that its answer comes to. */
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

/** What is not known is said, for it would make the amounts larger. */
const withUnknown = (sentence: string, { total }: ReportAnswer): string =>
  total.unpriced === 0n ? sentence : `${sentence} The cost of ${total.unpriced} more attempts is not known.`;

const span = ({ from, to }: Days): string => `from ${from} until before ${to}`;

/** Which team is responsible for most of the spend on a service, `openai` for instance. */
export function dearestTeam(providerName: string, days: Days): Question {
  return {
    query: { by: ['team'], period: 'total', ...days, where: { providerName: [providerName] }, top: 1 },
    answer(report) {
      const [first] = report.groups;
      const whole = report.total.costNanoUsd;
      if (first?.labels === undefined || whole === 0n)
        return withUnknown(`Nobody spent anything on ${providerName} ${span(days)}.`, report);
      const team = first.labels[0] || 'Whoever has no team';
      const cost = first.measures.costNanoUsd;
      const sentence = `${team} spent $${formatUsd(cost)} of $${formatUsd(whole)} on ${providerName} ${span(days)}: ${percentOf(cost, whole)} %.`;
      return withUnknown(sentence, report);
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
      const { sessions, sessionCostNanoUsd } = report.total;
      if (sessions === 0n) return withUnknown(`No session of ${value} began ${span(days)}.`, report);
      const each = (sessionCostNanoUsd + sessions - 1n) / sessions;
      const sentence = `One session of ${value} costs $${formatUsd(each)}: $${formatUsd(sessionCostNanoUsd)} for ${sessions} sessions ${span(days)}.`;
      return withUnknown(sentence, report);
    },
  };
}
