/** What a journey needs of a cluster, whichever it is: the clients, the images, and a way to kill one container. */
import { type CommandOptions, command } from './node/command.ts';
import type { TestNode } from './node/up.ts';

export interface Cluster {
  kubectl(args: readonly string[], options?: CommandOptions): Promise<string>;
  helm(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** This repository's own command line, against this cluster. */
  remora(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** `repository:tag` of what the chart runs, and of the test apps. */
  readonly images: { readonly remora: string; readonly test: string };
  /** Kills a container of a running pod as the kernel would; `containerId` is as the pod's status says. */
  killContainer(pod: ContainerRef, containerId: string): Promise<void>;
  /** Holds all processes of a container, or lets them go on. Absent where the nodes cannot be reached. */
  readonly holdContainer?: (what: 'pause' | 'resume', containerId: string) => Promise<void>;
}

export interface ContainerRef {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

const taskOf = (containerId: string) => containerId.replace('containerd://', '');

export const clusterOnNode = (node: TestNode, images: Cluster['images']): Cluster => ({
  kubectl: (args, options) => node.client('kubectl', args, options),
  helm: (args, options) => node.client('helm', args, options),
  remora: (args, options) => node.remora(args, options),
  images,
  killContainer: (_, containerId) => node.task('kill', taskOf(containerId)),
  holdContainer: (what, containerId) => node.task(what, taskOf(containerId)),
});

/** The cluster of the current kubeconfig. Its nodes must have the images, or be able to pull them. */
export function currentCluster(images: Cluster['images']): Cluster {
  const kubectl: Cluster['kubectl'] = (args, options) => command('kubectl', args, options);
  return {
    kubectl,
    helm: (args, options) => command('helm', args, options),
    remora: (args, options) => command(process.execPath, ['cli/remora.mjs', ...args], options),
    images,
    // From inside, the first process of a container cannot be sent SIGKILL; it ends on SIGTERM.
    killContainer: async ({ namespace, pod, container }) => {
      const script = "process.kill(1, 'SIGTERM')";
      await kubectl(['-n', namespace, 'exec', pod, '-c', container, '--', '/usr/local/bin/node', '-e', script]);
    },
  };
}
