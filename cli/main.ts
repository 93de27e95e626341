/** The `remora` command: parses arguments and calls one function per verb. Verbs are loaded when they are asked for. */
import { Command } from 'commander';
import { API_VERSION, PORT } from '#contract/names/api';

const program = new Command('remora').description('The AI gateway that travels with each pod.').version(API_VERSION);

program
  .command('dev')
  .description('run the gateway on this machine from YAML files, without a cluster')
  .argument('[paths...]', 'files or folders of resources', ['examples'])
  .option('-p, --port <port>', 'port of the gateway on 127.0.0.1', String(PORT.ingress))
  .option('--health-port <port>', 'port of health and metrics on 127.0.0.1', String(PORT.sidecarHealth))
  .option('-n, --namespace <name>', 'the namespace to run as; default: the only one that has an AIRoute')
  .option('--state <folder>', 'where budgets and the journal are kept', '.remora')
  .option('--log-level <level>', 'trace, debug, info, warn, error or silent', 'info')
  .action(async (paths: string[], options: DevFlags) => {
    const { dev } = await import('./dev/dev.ts');
    await dev({
      paths,
      port: Number(options.port),
      healthPort: Number(options.healthPort),
      namespace: options.namespace,
      stateFolder: options.state,
      logLevel: options.logLevel,
      env: process.env,
    });
  });

interface DevFlags {
  readonly port: string;
  readonly healthPort: string;
  readonly namespace?: string;
  readonly state: string;
  readonly logLevel: string;
}

program.parseAsync(process.argv).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
