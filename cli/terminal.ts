/** What every verb of `remora` has in common: where it writes, and how it is told of a cluster. */
import type { Command } from 'commander';

export interface Terminal {
  /** Of this build. */
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  /** What a human reads beside it. */
  readonly err: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export const withCluster = (command: Command): Command =>
  command
    .option('--kubeconfig <file>', 'kubeconfig to use; default: $KUBECONFIG, ~/.kube/config or the pod itself')
    .option('--context <name>', 'context of the kubeconfig; default: its current one');

/** Of an option that may be repeated. */
export const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
