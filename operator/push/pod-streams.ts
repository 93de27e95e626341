/** The streams of the pods that are connected: a pod has one, and a new one ends the former. */
import type { Unfit } from '#contract/policy/unfit';
import type { UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';
import type { SourceCounts } from '#contract/wire/variant-codec';
import type { After } from '#treasury/open-book';
import { OwnBounds, type ShareBounds } from '#treasury/shares/share-bounds';
import { realAfter } from '#treasury/treasury';
import { type AskOutcome, GrantRequests, type GrantRequestsOptions, type GrantTreasury } from './grant-requests.ts';
import { HealthBoard, type UnfitCount } from './health-board.ts';
import type { PreparedPolicy } from './prepared-policy.ts';
import type { PushLog } from './push-log.ts';
import { Rounds } from './rounds.ts';
import { type Session, startSession } from './session.ts';
import { ShareBoard, type ShareCount, type ShareReport } from './share-board.ts';
import { type SidecarIdentity, type SidecarState, stateOf } from './sidecar-state.ts';
import { type SyncCall, SyncStream } from './sync-stream.ts';

export interface PushEvents {
  onState(state: SidecarState): void;
  /** The pod has no stream any more. */
  onDisconnect(podUid: string): void;
  onAsked?(outcome: AskOutcome): void;
  /** What sidecars of this pod measured of the variants in its policy; as often as they tell it, and in any order. */
  onVariants?(told: readonly SourceCounts[]): void;
}

export interface PodStreamsOptions {
  readonly treasury: GrantTreasury;
  /** `caPem`: CA certificates that sidecars should trust from now on. */
  readonly tls: { readonly caPem?: string };
  readonly events: PushEvents;
  readonly log: PushLog;
  /** Resolves to true once all of them that should be kept are durable, to false when they should be sent again. Omitted: none is kept. */
  readonly keepUsage?: (records: readonly UsageRecord[], identity: SidecarIdentity) => Promise<boolean>;
  /** How much of what is shared this replica may give out. Omitted: all of it, by its own knowledge alone. */
  readonly shareBounds?: ShareBounds;
  /** Milliseconds, monotonic or Unix. */
  readonly now: () => number;
  /** Default: a timer that does not keep the process alive. */
  readonly after?: After;
}

/** The fleet comes back over this time, so that no replica meets it all at once; well within the minute that a book grants nothing then. */
const GREET_ANEW_WITHIN_SECONDS = 15;
const GREET_ANEW_EVERY_MS = 60_000;

interface OpenStream {
  readonly identity: SidecarIdentity;
  readonly stream: SyncStream;
}

export class PodStreams {
  readonly #options: PodStreamsOptions;
  readonly #open = new Map<string, OpenStream>();
  readonly #board = new HealthBoard();
  readonly #shares: ShareBoard;
  readonly #rounds: Rounds;
  #greetedAnewAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: PodStreamsOptions) {
    this.#options = options;
    const { shareBounds = new OwnBounds(), now, after = realAfter } = options;
    this.#shares = new ShareBoard(shareBounds);
    this.#rounds = new Rounds({ task: () => this.#shareOut(), now, after });
    shareBounds.onChange = (key) => {
      this.#shares.look(key);
      this.#rounds.soon();
    };
  }

  /** Of a pod that has proved itself. `wanted`: the policy that its workload should run, null when there is none. */
  open(
    call: SyncCall,
    identity: SidecarIdentity,
    { startedAtMs, wanted }: { readonly startedAtMs: number; readonly wanted: PreparedPolicy | null },
  ): void {
    const { tls, now, log, keepUsage } = this.#options;
    const stream: SyncStream = new SyncStream({
      call,
      session: startSession({ nowMs: startedAtMs, wanted, caPem: tls.caPem ?? null }),
      now,
      desk: (send) => this.#deskOf(identity, send),
      onState: (session) => this.#tell(session, identity),
      onUsage: async ({ records }) => records.length === 0 || ((await keepUsage?.(records, identity)) ?? true),
      onHealth: (unfit) => this.#report(stream, identity, unfit),
      onShares: (report) => this.#weigh(stream, identity, report),
      onVariants: (told) => this.#hear(told, identity),
      onEnd: (reason) => this.#forget(stream, identity, reason),
    });
    const former = this.#open.get(identity.podUid);
    this.#open.set(identity.podUid, { identity, stream });
    this.#board.join(identity, wanted?.targets);
    this.#shares.join(identity.podUid, wanted?.shareKeys, now());
    former?.stream.end('replaced', 'The pod has opened another stream.');
    log.info({ pod: podOf(identity), workload: identity.workloadKey }, 'a sidecar connected');
  }

  /** What the pods of a workload should run from now on. */
  want(workloadKey: string, policy: PreparedPolicy | null): void {
    for (const { identity, stream } of this.#open.values()) {
      if (identity.workloadKey !== workloadKey) continue;
      stream.want(policy);
      this.#board.scope(identity.podUid, policy?.targets);
      this.#shares.scope(identity.podUid, policy?.shareKeys);
    }
  }

  /** What sidecars report now. */
  unfitReports(): readonly UnfitCount[] {
    return this.#board.counts();
  }

  /** What pods have of what is shared over the fleet, with all that this replica may give out. */
  shareCounts(): readonly ShareCount[] {
    return this.#shares.counts();
  }

  /** There is no such pod any more. */
  gone(podUid: string): void {
    this.#shares.gone(podUid);
  }

  tick(): void {
    this.#tellHealth();
    this.#rounds.soon();
    for (const { stream } of this.#open.values()) stream.tick();
  }

  drain(withinSeconds: number): void {
    for (const { stream } of this.#open.values()) stream.drain(withinSeconds);
  }

  /** Has every pod come back, and with that say what it holds. Who came back of late has said it. */
  greetAnew(): void {
    const nowMs = this.#options.now();
    if (nowMs - this.#greetedAnewAtMs < GREET_ANEW_EVERY_MS) return;
    this.#greetedAnewAtMs = nowMs;
    this.drain(GREET_ANEW_WITHIN_SECONDS);
  }

  end(): void {
    this.#rounds.stop();
    for (const { stream } of [...this.#open.values()]) stream.end('leaving', 'This operator is leaving.');
  }

  #deskOf(identity: SidecarIdentity, send: GrantRequestsOptions['send']): GrantRequests {
    const { treasury, events, log } = this.#options;
    return new GrantRequests({
      treasury,
      podUid: identity.podUid,
      send,
      onAsked: (outcome) => events.onAsked?.(outcome),
      onFailed: (what, error) => log.warn({ pod: podOf(identity), err: error }, `a grant ${what} failed`),
    });
  }

  #tell(session: Session, identity: SidecarIdentity): void {
    const { events, log } = this.#options;
    if (session.refused) log.warn({ pod: podOf(identity), ...session.refused }, 'a sidecar refused its policy');
    events.onState(stateOf(session, identity));
  }

  /** A former stream of the pod may still speak when its successor is open already. */
  #report(stream: SyncStream, { podUid }: SidecarIdentity, unfit: readonly Unfit[]): void {
    if (this.#open.get(podUid)?.stream === stream) this.#board.report(podUid, unfit);
  }

  /** Once per tick, however much was reported since the last one. */
  #tellHealth(): void {
    const news = this.#board.news();
    if (news === null) return;
    const { log } = this.#options;
    for (const { provider, reason } of news.unfit) log.info({ provider, reason }, 'a provider is reported as unfit');
    for (const provider of news.fit) log.info({ provider }, 'a provider is no longer reported as unfit');
    for (const { identity, stream } of this.#open.values()) stream.hint(this.#board.hintsFor(identity.podUid));
  }

  #weigh(stream: SyncStream, { podUid }: SidecarIdentity, report: ShareReport): void {
    if (this.#open.get(podUid)?.stream !== stream) return;
    this.#shares.report(podUid, report);
    this.#rounds.soon();
  }

  #shareOut(): void {
    for (const podUid of this.#shares.round(this.#options.now()))
      this.#open.get(podUid)?.stream.share(this.#shares.toldTo(podUid));
    if (this.#shares.isMoving) this.#rounds.soon();
  }

  /** Of whatever stream: what was counted is true. A pod speaks for nobody else. */
  #hear(told: readonly SourceCounts[], { podUid }: SidecarIdentity): void {
    const own = told.filter(({ source }) => source.startsWith(`${podUid}.`));
    if (own.length > 0) this.#options.events.onVariants?.(own);
  }

  /** A former stream of the pod may end when its successor is open already. */
  #forget(stream: SyncStream, identity: SidecarIdentity, reason: string): void {
    const { events, log } = this.#options;
    if (this.#open.get(identity.podUid)?.stream !== stream) return;
    this.#open.delete(identity.podUid);
    this.#board.leave(identity.podUid);
    this.#shares.leave(identity.podUid, this.#options.now());
    log.info({ pod: podOf(identity), reason }, 'a sidecar disconnected');
    events.onDisconnect(identity.podUid);
  }
}

const podOf = ({ namespace, podName }: SidecarIdentity): string => `${namespace}/${podName}`;
