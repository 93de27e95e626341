/** Where the API server is and how to prove who we are: the only place that reads a kubeconfig or the pod's own token. */
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';

export interface TlsOptions {
  readonly ca?: RequestOptions['ca'];
  readonly cert?: RequestOptions['cert'];
  readonly key?: RequestOptions['key'];
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface ClusterCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
}

export interface ClusterAccess {
  /** Base URL without a trailing slash. */
  readonly server: string;
  /** Asked again every half minute, so that a rotated token or CA is picked up without a restart. */
  credentials(): Promise<ClusterCredentials>;
}

/** In a pod its service account, else KUBECONFIG or ~/.kube/config. Throws with one sentence when there is neither. */
export function loadClusterAccess(inCluster: boolean): ClusterAccess {
  const config = new KubeConfig();
  if (inCluster) config.loadFromCluster();
  else config.loadFromDefault();
  return accessOf(config);
}

/** `server` overrides the address of the cluster, which is how a test puts a proxy in between. */
export function accessOf(config: KubeConfig, server = config.getCurrentCluster()?.server): ClusterAccess {
  if (!server) throw new Error('No Kubernetes cluster is configured: set KUBECONFIG or run inside a pod.');
  return {
    server: server.replace(/\/$/, ''),
    async credentials() {
      const options: RequestOptions = { headers: {} };
      await config.applyToHTTPSOptions(options);
      return { headers: headersOf(options), tls: tlsOf(options) };
    },
  };
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
  if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return headers;
}

const tlsOf = ({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): TlsOptions => ({
  ...(ca === undefined ? {} : { ca }),
  ...(cert === undefined ? {} : { cert }),
  ...(key === undefined ? {} : { key }),
  ...(servername === undefined ? {} : { servername }),
  ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
});
