/** The verbs of `remora` and what each may be told. A verb's code is loaded when it is asked for. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { PORT } from '#contract/names/api';
import { auditCommand } from './audit/command.ts';
import { killCommand } from './kill/command.ts';
import { reportCommand } from './report/command.ts';
import { type ClusterFlags, collect, type Terminal, withCluster } from './terminal.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/** Nothing runs before `parseAsync`; the reference page is made from the same object. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('remora')
    .description('AI gateway for Kubernetes. Also installed as `kubectl remora`.')
    .version(terminal.version)
    .helpOption('-h, --help', 'show help')
    // What `report` and its questions have in common counts for the one behind which it stands.
    .enablePositionalOptions()
    .helpCommand('help [command]', 'show help of a command')
    .addHelpText('after', '\nTry it without a cluster: remora dev examples');
  program.addCommand(devCommand(terminal));
  program.addCommand(checkCommand(terminal));
  program.addCommand(statusCommand(terminal));
  program.addCommand(explainCommand(terminal));
  program.addCommand(reportCommand(terminal));
  program.addCommand(auditCommand(terminal));
  program.addCommand(killCommand(terminal));
  return program;
}

function devCommand({ env }: Terminal): Command {
  return new Command('dev')
    .description('Run the gateway on this machine from YAML files, without a cluster.')
    .argument('[paths...]', 'files or folders of resources', ['examples'])
    .option('-p, --port <port>', 'port of the gateway on 127.0.0.1; 0 picks a free one', portOf, PORT.ingress)
    .option(
      '--health-port <port>',
      'port of health and metrics on 127.0.0.1; 0 picks a free one',
      portOf,
      PORT.sidecarHealth,
    )
    .option('-n, --namespace <name>', 'namespace to run as; default: the only one that has an AIRoute')
    .option('--state <folder>', 'where spent budgets and the history of usage are kept over a restart', '.remora')
    .addOption(new Option('--log-level <level>', 'level of the log on stdout').choices(LOG_LEVELS).default('info'))
    .addHelpText('after', '\nKeys come from the environment: Secret openai, key api-key is $OPENAI_API_KEY.')
    .action(async (paths: string[], options: DevFlags) => {
      const { dev } = await import('./dev/dev.ts');
      await dev({ paths, namespace: undefined, ...options, stateFolder: options.state, env });
    });
}

interface DevFlags {
  readonly port: number;
  readonly healthPort: number;
  readonly namespace?: string;
  readonly state: string;
  readonly logLevel: string;
}

function checkCommand({ out, setExitCode }: Terminal): Command {
  const command = new Command('check')
    .description('Say whether Remora is set up right, and what to do where it is not. Exit code 1 on a failure.')
    .option('--pre', 'before the installation: only what the cluster must offer')
    .option('-n, --namespace <name>', 'only routes, providers and pods of this namespace; default: all')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['text', 'json']).default('text'));
  return withCluster(command).action(async (flags: CheckFlags) => {
    const { check } = await import('./check/check.ts');
    const { text, ok } = await check(flags);
    out(text);
    if (!ok) setExitCode(1);
  });
}

interface CheckFlags extends ClusterFlags {
  readonly pre?: boolean;
  readonly namespace?: string;
  readonly output: string;
}

function statusCommand({ out }: Terminal): Command {
  const command = new Command('status')
    .description('Show which sidecar runs which policy, which targets it finds unfit, and what budgets have spent.')
    .option('-n, --namespace <name>', 'namespace; default: that of the context')
    .option('-A, --all-namespaces', 'all namespaces')
    .option('--url <url>', 'health port of one sidecar or of `remora dev`: shows its targets, and no cluster is asked')
    .addOption(
      new Option(
        '-o, --output <format>',
        'output format; wide adds messages, all targets with their latencies, and the limits of budgets',
      )
        .choices(['text', 'wide', 'json'])
        .default('text'),
    );
  return withCluster(command).action(async (flags: StatusFlags) => {
    const { status } = await import('./status/status.ts');
    out(await status(flags));
  });
}

interface StatusFlags extends ClusterFlags {
  readonly url?: string;
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly output: string;
}

function explainCommand({ env, out, err, setExitCode }: Terminal): Command {
  const command = new Command('explain')
    .description(
      'Say why a request goes where it goes: caller, rule, targets, prices, budgets. Nothing is sent. Exit code 1 when it would be refused.',
    )
    .option('-m, --model <name>', 'model that is asked for')
    .option('--prompt <text>', 'what the user says; default: a greeting')
    .option('-b, --body <file>', 'request to explain, as JSON; - is standard input')
    .option('-H, --header <name=value>', 'header of the request; may be repeated', collect, [])
    .option('--path <path>', 'path of the API', '/v1/chat/completions')
    .option('--url <url>', 'sidecar or `remora dev` to ask', `http://127.0.0.1:${PORT.ingress}`)
    .option('--pod <namespace/name>', 'ask the sidecar of this pod, through the API server')
    .option('-f, --files <paths...>', 'ask no sidecar: explain by these files or folders of resources')
    .option('-n, --namespace <name>', 'with --files: namespace to run as; with --pod: where the pod is')
    .option('-l, --labels <name=value,...>', 'with --files: labels of the pod')
    .option('--assume-keys', 'with --files: as if every key that they name were there')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['text', 'json']).default('text'));
  return withCluster(command).action(async (flags: ExplainFlags) => {
    const { explain } = await import('./explain/explain.ts');
    const { text, notes, ok } = await explain({ ...flags, env });
    for (const note of notes) err(`${note}\n`);
    out(text);
    if (!ok) setExitCode(1);
  });
}

interface ExplainFlags extends ClusterFlags {
  readonly model?: string;
  readonly prompt?: string;
  readonly body?: string;
  readonly header: readonly string[];
  readonly path: string;
  readonly url: string;
  readonly pod?: string;
  readonly files?: readonly string[];
  readonly namespace?: string;
  readonly labels?: string;
  readonly assumeKeys?: boolean;
  readonly output: string;
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('A port is a number from 0 to 65535.');
}
