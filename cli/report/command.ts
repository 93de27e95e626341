/** `remora report` and its questions, as a command line. */
import { Command, Option } from 'commander';
import { collect, type Terminal } from '#cli/terminal';
import { type HistoryFlags, withHistory } from './history-flags.ts';
import type { ReportFlags, RerateFlags } from './report.ts';

const FROM = 'first day, such as 2026-11-01; default: that of this month';
const TO = 'first day that is no part of it; default: that of next month';

export function reportCommand({ out }: Terminal): Command {
  const command = new Command('report')
    .description('Show what was spent, by whom and on what. Days begin and end in UTC.')
    .option('-b, --by <labels>', 'by which labels cost is told apart, such as team,model; at most six')
    .addOption(new Option('--period <period>', 'by which times').choices(['total', 'month', 'day']).default('total'))
    .option('--from <day>', FROM)
    .option('--to <day>', TO)
    .option('-w, --where <label=value>', 'only what has this label; may be repeated', collect, [])
    .option('--top <count>', 'how many groups of each period, the dearest first; the rest is summed')
    .addOption(new Option('--format <format>', 'output format').choices(['table', 'csv', 'json']).default('table'))
    .enablePositionalOptions()
    .addHelpText('after', '\nWho spends most on OpenAI: remora report dearest-team --provider openai');
  withAnyHistory(command).action(async (flags: ReportFlags) => {
    const { report } = await import('./report.ts');
    out(await report(flags));
  });
  command.addCommand(dearestTeam(out));
  command.addCommand(perSession(out));
  command.addCommand(rerateCommand(out));
  return command;
}

type Out = Terminal['out'];

const dearestTeam = (out: Out): Command =>
  withDays(new Command('dearest-team'))
    .description('Say which team spends most on a service, in one line.')
    .requiredOption('--provider <name>', 'service, such as openai')
    .action(async (flags: HistoryFlags) => {
      const { question } = await import('./report.ts');
      out(await question('dearest-team', { ...flags }));
    });

const perSession = (out: Out): Command =>
  withDays(new Command('per-session'))
    .description('Say what one session costs, in one line. State one of feature, workload, project and team.')
    .option('--feature <name>', 'sessions of this feature')
    .option('--workload <name>', 'sessions of this workload')
    .option('--project <name>', 'sessions of this project')
    .option('--team <name>', 'sessions of this team')
    .action(async (flags: HistoryFlags) => {
      const { question } = await import('./report.ts');
      out(await question('per-session', { ...flags }));
    });

const rerateCommand = (out: Out): Command =>
  withAnyHistory(new Command('rerate'))
    .description('Give attempts the cost that they should have had, where a price was wrong.')
    .requiredOption('--provider <namespace/name>', 'AIProvider of the attempts')
    .requiredOption('--model <name>', 'model, as the target names it')
    .requiredOption('--from <day>', 'first day, such as 2026-11-01')
    .requiredOption('--to <day>', 'first day that is no part of it')
    .requiredOption('--prices <file>', 'YAML of US dollars per million, such as "inputTokens: 1.25"')
    .action(async (flags: RerateFlags) => {
      const { rerate } = await import('./report.ts');
      out(await rerate(flags));
    });

const withAnyHistory = (command: Command): Command =>
  withHistory(command).addOption(
    new Option('--state <folder>', 'folder of `remora dev`: its history is asked, and no cluster').conflicts([
      'operator',
      'kubeconfig',
      'context',
    ]),
  );

const withDays = (command: Command): Command =>
  withAnyHistory(command.option('--from <day>', FROM).option('--to <day>', TO));
