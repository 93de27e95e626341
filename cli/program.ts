/** The verbs of `remora` and what each may be told. A verb's code is loaded when it is asked for. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { PORT } from '#contract/names/api';

export interface Terminal {
  /** Of this build. */
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/** Nothing runs before `parseAsync`; the reference page is made from the same object. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('remora')
    .description('AI gateway for Kubernetes. Also installed as `kubectl remora`.')
    .version(terminal.version)
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .addHelpText('after', '\nTry it without a cluster: remora dev examples');
  program.addCommand(devCommand(terminal));
  program.addCommand(checkCommand(terminal));
  program.addCommand(statusCommand(terminal));
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
    .option('--state <folder>', 'where spent budgets are kept over a restart', '.remora')
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

interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
}

interface CheckFlags extends ClusterFlags {
  readonly pre?: boolean;
  readonly namespace?: string;
  readonly output: string;
}

function statusCommand({ out }: Terminal): Command {
  const command = new Command('status')
    .description('Show which sidecar runs which policy, and what budgets have spent.')
    .option('-n, --namespace <name>', 'namespace; default: that of the context')
    .option('-A, --all-namespaces', 'all namespaces')
    .addOption(
      new Option('-o, --output <format>', 'output format; wide adds messages and the limits of budgets')
        .choices(['text', 'wide', 'json'])
        .default('text'),
    );
  return withCluster(command).action(async (flags: StatusFlags) => {
    const { status } = await import('./status/status.ts');
    out(await status(flags));
  });
}

interface StatusFlags extends ClusterFlags {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly output: string;
}

const withCluster = (command: Command): Command =>
  command
    .option('--kubeconfig <file>', 'kubeconfig to use; default: $KUBECONFIG, ~/.kube/config or the pod itself')
    .option('--context <name>', 'context of the kubeconfig; default: its current one');

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('A port is a number from 0 to 65535.');
}
