/** `remora kill` and what it may be told. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ClusterFlags, type Terminal, withCluster } from '#cli/terminal';
import type { BudgetScope } from '#contract/resources/limit-names';

export function killCommand({ out, setExitCode }: Terminal): Command {
  const command = new Command('kill')
    .description(
      'Stop requests on every sidecar within a second, and wait until all have acknowledged it. Exit code 1 when one has not.',
    )
    .option('--budget <namespace/name>', 'all that the limits of this AIBudget cover')
    .option('--all', 'everything');
  for (const [scope, what] of Object.entries(KILL_SCOPES)) command.option(`--${scope} <name>`, what);
  command
    .option('--undo', 'let what was stopped so go on')
    .option('--now', 'end what is under way, too; else it goes on to its end')
    .option('--reason <text>', 'why; whoever is refused reads it')
    .option('--in <namespace>', "platform namespace in which it is kept; default: the operator's")
    .option('--deadline <seconds>', 'how long to wait for sidecars', secondsOf, KILL_DEADLINE_S)
    .addOption(new Option('-o, --output <format>', 'output format').choices(['text', 'json']).default('text'));
  return withCluster(command).action(async (flags: KillFlags) => {
    const { kill } = await import('./kill.ts');
    const { text, ok } = await kill({ ...flags, deadlineMs: flags.deadline * 1_000 });
    out(text);
    if (!ok) setExitCode(1);
  });
}

const KILL_DEADLINE_S = 10;
/** Here and not in the list of scopes, which brings all schemas along. */
const KILL_SCOPES: Readonly<Record<BudgetScope, string>> = {
  team: 'only requests of this team; what is stated together must all hold',
  project: 'only requests of this project',
  environment: 'only requests of this environment',
  user: 'only requests for this user',
  feature: 'only requests of this feature',
  session: 'only requests of this session',
  run: 'only requests of this run of an agent',
  model: 'only requests that go to this model, as its provider names it',
  provider: 'only requests that go to this AIProvider: its name, or namespace/name',
  route: 'only requests through this AIRoute: its name, or namespace/name',
  namespace: 'only requests of pods of this namespace',
  workload: 'only requests of pods of this ServiceAccount: its name, or namespace/name',
  key: 'only requests with the token of this AIKey: its name, or namespace/name',
};

interface KillFlags extends ClusterFlags, Partial<Record<BudgetScope, string>> {
  readonly budget?: string;
  readonly all?: boolean;
  readonly undo?: boolean;
  readonly now?: boolean;
  readonly reason?: string;
  readonly in?: string;
  readonly deadline: number;
  readonly output: string;
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 3_600) return seconds;
  throw new InvalidArgumentError('Seconds are a number above 0 and at most 3600.');
}
