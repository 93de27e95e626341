/**
 * Serves policy, credentials and grants to sidecars. Knows workloads, pods and streams, and nothing of Kubernetes: who a token
 * belongs to, and what a workload should run, is told to it.
 */
import { Server, status } from '@grpc/grpc-js';
import { PolicyServiceService } from '#contract/wire/gen/remora/policy/v1/sync';
import type { UnfitCount } from './health-board.ts';
import { PodStreams, type PodStreamsOptions } from './pod-streams.ts';
import { type PreparedPolicy, type PushedPolicy, preparePolicy } from './prepared-policy.ts';
import { ReplaceableCredentials, type ServerCertificate } from './server-tls.ts';
import type { ShareCount } from './share-board.ts';
import type { SidecarIdentity } from './sidecar-state.ts';
import { createStreamAdmission, refuse } from './stream-opening.ts';
import type { SyncCall } from './sync-stream.ts';

export type { PushEvents } from './pod-streams.ts';
export type { SidecarIdentity, SidecarState } from './sidecar-state.ts';

export interface PushServerOptions extends PodStreamsOptions {
  /** Rejects for a token that is none of a sidecar's. Its error is logged, never sent. */
  readonly authenticate: (token: string) => Promise<SidecarIdentity>;
  readonly tls: PodStreamsOptions['tls'] & ServerCertificate;
}

export interface PushServer {
  /** Replaces what the workload should run. Throws when `hash` is not the policy's own. */
  publish(workloadKey: string, pushed: PushedPolicy): void;
  /** Forgets the workload; its sidecars keep what they run. */
  remove(workloadKey: string): void;
  /** What connected sidecars report as unfit now, each pod's word counted. */
  unfitReports(): readonly UnfitCount[];
  /** What connected sidecars have of what is shared over the fleet. */
  shareCounts(): readonly ShareCount[];
  /** There is no such pod any more: what it had of what is shared is free at once. */
  gone(podUid: string): void;
  /** Connected sidecars come back within seconds, and say in Hello what they hold and spent. At most once a minute. */
  greetAnew(): void;
  /** Resolves to the port; 0 picks a free one. */
  listen(host: string, port: number): Promise<number>;
  /** For connections from now on. Throws when key and certificate do not fit. */
  replaceCertificate(certificate: ServerCertificate): void;
  /** Takes no new stream, and asks the open ones to go elsewhere. */
  drain(): void;
  close(): Promise<void>;
}

const TICK_MS = 1_000;
const DRAIN_WITHIN_SECONDS = 20;
const CLOSE_WITHIN_MS = 2_000;
const SERVER_OPTIONS = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  'grpc.max_send_message_length': 64 * 1024 * 1024,
  'grpc.max_concurrent_streams': 16,
  'grpc.enable_channelz': 0,
} as const;

export function createPushServer(options: PushServerOptions): PushServer {
  const policies = new Map<string, PreparedPolicy>();
  const streams = new PodStreams(options);
  const credentials = new ReplaceableCredentials(options.tls);
  const server = new Server(SERVER_OPTIONS);
  const admit = createStreamAdmission(options);
  let leaving = false;
  let timer: NodeJS.Timeout | undefined;

  async function accept(call: SyncCall): Promise<void> {
    const startedAtMs = options.now();
    const identity = leaving ? undefined : await admit(call);
    if (leaving) refuse(call, status.UNAVAILABLE, 'This operator is leaving.');
    else if (identity)
      streams.open(call, identity, { startedAtMs, wanted: policies.get(identity.workloadKey) ?? null });
  }

  server.addService(PolicyServiceService, { sync: (call: SyncCall) => void accept(call) });
  return {
    publish(workloadKey, pushed) {
      const prepared = preparePolicy(pushed, policies.get(workloadKey));
      policies.set(workloadKey, prepared);
      streams.want(workloadKey, prepared);
    },
    remove(workloadKey) {
      policies.delete(workloadKey);
      streams.want(workloadKey, null);
    },
    unfitReports: () => streams.unfitReports(),
    shareCounts: () => streams.shareCounts(),
    gone: (podUid) => streams.gone(podUid),
    greetAnew: () => streams.greetAnew(),
    async listen(host, port) {
      const bound = await bind(server, `${host}:${port}`, credentials);
      timer = setInterval(() => streams.tick(), TICK_MS).unref();
      return bound;
    },
    replaceCertificate: (certificate) => credentials.replace(certificate),
    drain() {
      leaving = true;
      streams.drain(DRAIN_WITHIN_SECONDS);
    },
    async close() {
      leaving = true;
      clearInterval(timer);
      streams.end();
      await shutdown(server);
    },
  };
}

const bind = (server: Server, address: string, credentials: ReplaceableCredentials): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });

/** Waits for the statuses to reach their peers, then cuts. */
const shutdown = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    const deadline = setTimeout(() => server.forceShutdown(), CLOSE_WITHIN_MS);
    server.tryShutdown(() => {
      clearTimeout(deadline);
      resolve();
    });
  });
