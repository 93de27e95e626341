/** Which targets of the rule that decided are not asked, and why. */
import type { LeftOut } from '#sidecar/pipeline/left-out';
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

function messageOf({ target: { provider }, by }: LeftOut): string {
  const { key, credential } = provider.policy;
  switch (by.reason) {
    case 'OtherModel':
      return 'another model: what two models answer to such a request cannot be compared';
    case 'OtherAccount':
      return 'another account keeps what the request names';
    case 'Denied':
      return `AIPolicy ${by.policy} denies it`;
    case 'TagsMissing':
      return `${by.requirement.object} requires the tags ${by.requirement.tags.join(', ')}, and AIProvider ${key} carries not all of them in a platform namespace`;
    case 'NoEndpoint':
      return `nobody is ready behind Service ${by.service}`;
    case 'NoCredential':
      return `the key of AIProvider ${key} is not here (Secret ${credential}), or no header can carry it`;
    case 'Guardrail':
      return by.error.message;
  }
}
