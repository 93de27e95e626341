/** Findings as text: groups with a sign per line, the command to run below what is wrong, and the verdict last. Pure. */
import type { Finding } from './finding.ts';

const SIGN = { ok: '√', warning: '‼', failure: '×' } as const;

export function checkText(findings: readonly Finding[]): string {
  const groups = Map.groupBy(findings, ({ group }) => group);
  const parts = [...groups].map(([group, members]) => `${group}\n${members.map(findingText).join('')}`);
  return `${parts.join('\n')}\n${verdict(findings)}\n`;
}

const findingText = ({ level, message, remedy }: Finding): string =>
  `${SIGN[level]} ${message.replaceAll('\n', ' ')}\n${remedy === undefined ? '' : `    ${remedy}\n`}`;

function verdict(findings: readonly Finding[]): string {
  const count = (level: Finding['level']): number => findings.filter((finding) => finding.level === level).length;
  const parts = [counted(count('failure'), 'failure'), counted(count('warning'), 'warning')].filter(
    (text) => text !== '',
  );
  return parts.length === 0 ? 'Everything checked is right.' : `Found ${parts.join(' and ')}.`;
}

const counted = (count: number, what: string): string =>
  count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
