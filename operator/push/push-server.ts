/**
 * Serves policy, credentials and grants to sidecars. Knows workloads, pods and streams, and nothing of Kubernetes: who a token
 * belongs to, and what a workload should run, is told to it.
 */
import { Server, status } from '@grpc/grpc-js';
import { PolicyServiceService, type UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';
import { type AskOutcome, createGrantDesk, type GrantTreasury } from './grant-desk.ts';
import { type PreparedPolicy, type PushedPolicy, preparePolicy } from './prepared-policy.ts';
import type { PushLog } from './push-log.ts';
import { ReplaceableCredentials, type ServerCertificate } from './server-tls.ts';
import { startSession } from './session.ts';
import { type SidecarIdentity, type SidecarState, stateOf } from './sidecar-state.ts';
import { createStreamAdmission, refuse } from './stream-admission.ts';
import { openSyncStream, type SyncCall, type SyncStream } from './sync-stream.ts';
import { createUsageDedup } from './usage-dedup.ts';

export type { SidecarIdentity, SidecarState } from './sidecar-state.ts';

export interface PushEvents {
  onState(state: SidecarState): void;
  /** The pod has no stream any more. */
  onDisconnect(podUid: string): void;
  /** Records that were not counted before. */
  onUsage?(records: readonly UsageRecord[], identity: SidecarIdentity): void;
  onAsked?(outcome: AskOutcome): void;
}

export interface PushServerOptions {
  /** Rejects for a token that is none of a sidecar's. Its error is logged, never sent. */
  readonly authenticate: (token: string) => Promise<SidecarIdentity>;
  readonly treasury: GrantTreasury;
  /** `caPem`: CA certificates that sidecars should trust from now on. */
  readonly tls: ServerCertificate & { readonly caPem?: string };
  readonly events: PushEvents;
  readonly log: PushLog;
  /** Milliseconds, monotonic or Unix. */
  readonly now: () => number;
}

export interface PushServer {
  /** Replaces what the workload should run. Throws when `hash` is not the policy's own. */
  publish(workloadKey: string, pushed: PushedPolicy): void;
  /** Forgets the workload; its sidecars keep what they run. */
  remove(workloadKey: string): void;
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
  const streams = new Map<string, OpenStream>();
  const credentials = new ReplaceableCredentials(options.tls);
  const server = new Server(SERVER_OPTIONS);
  const admit = createStreamAdmission(options);
  const open = streamOpener(options, streams);
  let leaving = false;
  let timer: NodeJS.Timeout | undefined;

  async function accept(call: SyncCall): Promise<void> {
    const startedAtMs = options.now();
    const identity = leaving ? undefined : await admit(call);
    if (leaving) refuse(call, status.UNAVAILABLE, 'This operator is leaving.');
    else if (identity) open(call, identity, { startedAtMs, wanted: policies.get(identity.workloadKey) ?? null });
  }
  const want = (workloadKey: string, policy: PreparedPolicy | null): void => {
    for (const { identity, stream } of streams.values()) if (identity.workloadKey === workloadKey) stream.want(policy);
  };

  server.addService(PolicyServiceService, { sync: (call: SyncCall) => void accept(call) });
  return {
    publish(workloadKey, pushed) {
      const prepared = preparePolicy(pushed, policies.get(workloadKey));
      policies.set(workloadKey, prepared);
      want(workloadKey, prepared);
    },
    remove(workloadKey) {
      policies.delete(workloadKey);
      want(workloadKey, null);
    },
    async listen(host, port) {
      const bound = await bind(server, `${host}:${port}`, credentials);
      timer = setInterval(() => {
        for (const { stream } of streams.values()) stream.tick();
      }, TICK_MS).unref();
      return bound;
    },
    replaceCertificate: (certificate) => credentials.replace(certificate),
    drain() {
      leaving = true;
      for (const { stream } of streams.values()) stream.drain(DRAIN_WITHIN_SECONDS);
    },
    async close() {
      leaving = true;
      clearInterval(timer);
      for (const { stream } of [...streams.values()]) stream.end('leaving', 'This operator is leaving.');
      await shutdown(server);
    },
  };
}

interface OpenStream {
  readonly identity: SidecarIdentity;
  readonly stream: SyncStream;
}

/** Opens a stream for a proved pod. A pod has one stream: a new one ends the former. */
function streamOpener({ events, log, now, treasury, tls }: PushServerOptions, streams: Map<string, OpenStream>) {
  const dedup = createUsageDedup();
  return (
    call: SyncCall,
    identity: SidecarIdentity,
    { startedAtMs, wanted }: { readonly startedAtMs: number; readonly wanted: PreparedPolicy | null },
  ): void => {
    const { podUid, workloadKey } = identity;
    const pod = `${identity.namespace}/${identity.podName}`;
    const stream = openSyncStream({
      call,
      session: startSession({ nowMs: startedAtMs, wanted, caPem: tls.caPem ?? null }),
      now,
      desk: (send) =>
        createGrantDesk({
          treasury,
          podUid,
          send,
          onAsked: (outcome) => events.onAsked?.(outcome),
          onFailed: (what, error) => log.warn({ pod, err: error }, `a grant ${what} failed`),
        }),
      onState: (session) => {
        if (session.refused) log.warn({ pod, ...session.refused }, 'a sidecar refused its policy');
        events.onState(stateOf(session, identity));
      },
      onUsage: (report) => {
        const records = dedup.fresh(report.records, podUid);
        if (records.length > 0) events.onUsage?.(records, identity);
      },
      onEnd: (reason) => {
        if (streams.get(podUid)?.stream !== stream) return;
        streams.delete(podUid);
        log.info({ pod, reason }, 'a sidecar disconnected');
        events.onDisconnect(podUid);
      },
    });
    const former = streams.get(podUid);
    streams.set(podUid, { identity, stream });
    former?.stream.end('replaced', 'The pod has opened another stream.');
    log.info({ pod, workload: workloadKey }, 'a sidecar connected');
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
