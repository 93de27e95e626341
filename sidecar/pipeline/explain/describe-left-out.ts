/** Which targets of the rule that decided are not asked, and why. */
import type { LeftOut, LeftOutBy } from '#sidecar/pipeline/left-out';
import type { CompiledRule, CompiledTarget } from '#sidecar/pipeline/policy/snapshot';
import type { DryRun } from './dry-run.ts';
import type { Explanation } from './explanation.ts';

type Row = Explanation['leftOut'][number];

/** Each once, though a request may be judged more than once. */
export function leftOutRows({ log }: DryRun, rule: CompiledRule | undefined): readonly Row[] {
  const rows = new Map<CompiledTarget, Row>();
  const add = (target: CompiledTarget, reason: string, message: string): void => {
    if (!rows.has(target)) rows.set(target, { target: target.policy.name, reason, message });
  };
  for (const { target, by } of log.leftOut) add(target, by.reason, messageOf({ target, by }));
  if (rule?.strategy === 'Weighted')
    for (const target of rule.targets) if (!target.policy.weight) add(target, 'NoWeight', 'its weight is 0');
  return [...rows.values()];
}

function messageOf({ target, by }: LeftOut): string {
  return MESSAGE[by.reason](by as never, target);
}

type Of<R extends LeftOutBy['reason']> = Extract<LeftOutBy, { readonly reason: R }>;

const MESSAGE: { readonly [R in LeftOutBy['reason']]: (by: Of<R>, target: CompiledTarget) => string } = {
  OtherModel: () => 'another model: what two models answer to such a request cannot be compared',
  OtherAccount: () => 'another account keeps what the request names',
  Denied: ({ policy }) => `AIPolicy ${policy} denies it`,
  TagsMissing: ({ requirement: { policy, tags } }, { provider }) =>
    `AIPolicy ${policy} requires the tags ${tags.join(', ')}, and AIProvider ${provider.policy.key} of a platform namespace does not carry them all`,
  NoEndpoint: ({ service }) => `nobody is ready behind Service ${service}`,
  NoCredential: (_, { provider: { policy } }) =>
    `the key of AIProvider ${policy.key} is not here (Secret ${policy.credential}), or no header can carry it`,
  Guardrail: ({ error }) => error.message,
};
