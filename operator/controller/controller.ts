/**
 * The loop: what the API server says → index → touched workloads → compile → push, and back into status. Level-based: every step
 * looks at what is, never at what happened, so that a lost event costs time and nothing else.
 */
import { objectKey } from '#contract/compile/object-key';
import type { PriceBook } from '#contract/compile/price-book-schema';
import { serviceRefOf } from '#contract/compile/provider-pool';
import { isTouched, ResourceIndex, type Touched } from '#contract/compile/resource-index';
import { secretRefsOf } from '#contract/compile/secret-refs';
import { contentsOf } from '#contract/compile/snapshot';
import { type SelectingLabels, selectingLabels } from '#contract/compile/workload';
import { KIND } from '#contract/names/api';
import { ownerOfBook } from '#contract/policy/book-id';
import { USER_KINDS } from '#contract/resources/kinds';
import type { SourceCounts } from '#contract/wire/variant-codec';
import { AlertPoster } from '#operator/alerts/alert-poster';
import { audited } from '#operator/audit/audited';
import { INJECTED_PODS, type InjectedPod, PodIndex, type PodObject } from '#operator/kube/pod-index';
import { Reflector, type ReflectorHandler } from '#operator/kube/reflector';
import {
  type KubeObject,
  NAMESPACE,
  type ObjectRef,
  POD,
  type ResourceType,
  remoraType,
} from '#operator/kube/resource-type';
import { SecretWatches } from '#operator/kube/secret-watches';
import { ServiceWatches } from '#operator/kube/service-watches';
import { TokenAuthenticator } from '#operator/kube/token-authenticator';
import { WorkQueue } from '#operator/kube/work-queue';
import type { PushEvents, SidecarIdentity, SidecarState } from '#operator/push/push-server';
import type { LedgerObject } from '#treasury/stores/cluster/ledger-objects';
import { AckReports } from './ack-reports.ts';
import { BudgetReports } from './budget-reports.ts';
import type { ControllerOptions } from './controller-options.ts';
import { Experiments } from './experiments/experiments.ts';
import { KeyTokens } from './key-tokens.ts';
import { KillSwitches } from './kill-switches.ts';
import { MatchingSidecars } from './matching-sidecars.ts';
import { ObservedObjects, type UserObject } from './observed-objects.ts';
import { PolicyPublisher } from './policy-publisher.ts';
import { StatusWriter } from './status-writer.ts';
import { Workloads } from './workloads.ts';

/** A status is written at most once per object in this time. */
const STATUS_SPACING_MS = 2_000;

/** Also what the push server reports to. */
export class Controller implements PushEvents {
  readonly index: ResourceIndex;
  readonly objects = new ObservedObjects();
  readonly acks: AckReports;
  readonly #options: ControllerOptions;
  readonly #pods: PodIndex;
  readonly #workloads: Workloads;
  readonly #secrets: SecretWatches;
  readonly #services: ServiceWatches;
  readonly #publisher: PolicyPublisher;
  readonly #authenticator: TokenAuthenticator;
  readonly #experiments: Experiments;
  readonly #alerts: AlertPoster;
  readonly #switches = new KillSwitches();
  readonly #compiles: WorkQueue;
  readonly #statuses: WorkQueue;
  readonly #reflectors = new Map<
    string,
    Pick<Reflector<KubeObject>, 'start' | 'stop' | 'synced' | 'hasSynced' | 'lagMs'>
  >();
  /** The labels of pods by which workloads are told apart. */
  #selecting: SelectingLabels;
  #synced = false;

  constructor(options: ControllerOptions) {
    const { client, log, push, metrics, namespace, replica, owner, now } = options;
    this.#options = options;
    this.index = new ResourceIndex({ platformNamespaces: options.platformNamespaces });
    this.#selecting = selectingLabels(this.index.snapshot());
    this.#pods = new PodIndex((pod, gone) => this.#takePod(pod, gone));
    this.#workloads = new Workloads({
      labelsOf: (name) => this.index.namespaceLabels(name),
      selecting: (namespace) => this.#selecting.of(namespace),
    });
    this.#secrets = new SecretWatches({ client, log, onChange: (ref) => this.#takeSecret(ref) });
    this.#services = new ServiceWatches({ client, log, onChange: (ref) => this.#takeService(ref) });
    this.#authenticator = new TokenAuthenticator({ client, pods: this.#pods, now: () => performance.now() });
    this.#publisher = new PolicyPublisher({
      ...{ index: this.index, workloads: this.#workloads, secrets: this.#secrets, push, metrics, log },
      services: this.#services,
      onPublished: (where, { hash, sources }) => {
        this.acks.learn(hash, sources);
        this.#refreshRoutes(where);
      },
    });
    const isWanted = (hash: string) => this.#publisher.isWanted(hash);
    const onChange = () => this.#refreshRoutes();
    this.acks = new AckReports({ client, log, namespace, replica, owner, isWanted, onChange, now });
    this.#experiments = new Experiments({
      ...{ client, log, namespace, now, index: this.index, leads: options.leads },
      lookEveryMs: options.lookAtVariantsEveryMs,
      onNews: (routeKey) => this.#look(routeKey),
    });
    const matching = new MatchingSidecars({ workloads: this.#workloads, publisher: this.#publisher, acks: this.acks });
    this.#alerts = new AlertPoster({
      ...{ now, webhooks: options.webhooks, leads: options.leads, random: Math.random, after: afterRest },
      secret: (where, name) => this.#secrets.data({ namespace: where, name }),
      onChange: (key) => this.#look(key),
      onPosted: (outcome, key, reason) => {
        metrics.alertPosts.inc({ outcome });
        if (outcome !== 'taken') log.warn({ object: key, outcome, reason }, 'an alert was not taken');
      },
    });
    const again = (key: string, afterMs: number): void => this.#statuses.addLater(key, afterMs);
    const budgets = new BudgetReports({
      ...{ again, now, metrics, index: this.index, poster: this.#alerts },
      ...{ treasury: options.treasury, ledgers: options.ledgers },
      lookEveryMs: options.lookAtAlertsEveryMs,
    });
    metrics.budgets(() => this.objects.usedRatios());
    const keys = new KeyTokens({
      ...{ ...options, again, index: this.index, objects: this.objects },
      look: (key) => this.#look(key),
    });
    const writer = new StatusWriter({
      ...{ client, log, matching, now, again, budgets, keys, index: this.index, objects: this.objects },
      ...{ events: options.events, leads: options.leads, audit: options.audit },
      experiments: this.#experiments,
    });
    this.#compiles = new WorkQueue({ name: 'compile', log, process: (key) => this.#publisher.publish(key) });
    this.#statuses = new WorkQueue({
      ...{ name: 'status', log, spacingMs: STATUS_SPACING_MS, process: (key) => writer.write(key) },
    });
    for (const { kind } of USER_KINDS)
      this.#reflect(remoraType(kind), audited(kind, this.#userObjects(kind), options.audit));
    this.#reflect(remoraType(KIND.budgetLedger), this.#ledgers());
    this.#reflect(NAMESPACE, this.#namespaces());
    this.#reflect<PodObject>(POD, this.#pods, INJECTED_PODS);
    this.#reflectors.set('Secret of AIKey', keys.secrets.reflector);
  }

  /** Resolves when everything was read once and every known workload has its policy published. */
  async start(): Promise<void> {
    for (const reflector of this.#reflectors.values()) reflector.start();
    this.acks.reflector.start();
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.synced));
    // Only now is it known which experiments are stated.
    this.#experiments.shared.reflector.start();
    await Promise.all([this.acks.reflector.settled, this.#experiments.shared.reflector.settled]);
    this.#watchReferred();
    await Promise.all([this.#secrets.settled(), this.#services.settled()]);
    for (const ref of this.#serviceRefs()) this.#takeService(ref);
    this.#selectAnew();
    for (const { key } of this.#workloads.values()) this.#publisher.publish(key);
    this.#synced = true;
    this.refreshAll();
  }

  /** Compiles anew whatever names a price of it. */
  takePriceBook(book: PriceBook): void {
    this.#touch(this.index.applyPriceBook(book));
  }

  /** Kinds that were not read yet. */
  unsynced(): string[] {
    return [...this.#reflectors].filter(([, reflector]) => !reflector.hasSynced).map(([kind]) => kind);
  }

  /** By kind, milliseconds since the API server was last heard. */
  *lags(): Iterable<readonly [string, number]> {
    for (const [kind, reflector] of this.#reflectors) yield [kind, reflector.lagMs()];
    yield ['Secret', this.#secrets.lagMs()];
    yield ['EndpointSlice', this.#services.lagMs()];
  }

  /** Looks at every status anew; a new leader does so. */
  refreshAll(): void {
    for (const key of this.objects.keys()) this.#look(key);
    if (this.#synced) this.#experiments.sweep();
  }

  /** Rejects with AuthenticationError when the token is none of an injected, living pod's. */
  async authenticate(token: string): Promise<SidecarIdentity> {
    const { namespace, name, uid, serviceAccount } = await this.#authenticator.authenticate(token);
    const workloads = this.#workloads;
    const last = workloads.keyOfPod(uid) ?? '';
    return {
      namespace,
      podName: name,
      podUid: uid,
      serviceAccount,
      // Looked up each time: relabelling a pod or its namespace moves its open stream to another workload.
      get workloadKey() {
        return workloads.keyOfPod(uid) ?? last;
      },
    };
  }

  /** The object behind the id of a book; undefined when it is gone. */
  budgetOwner(budgetId: string): { readonly name: string; readonly uid: string } | undefined {
    const owner = ownerOfBook(budgetId);
    const object = this.objects.get(objectKey(owner));
    return object && { name: owner.name, uid: object.uid };
  }

  onState(state: SidecarState): void {
    if (state.nack && this.acks.get(state.podUid)?.nack?.hash !== state.nack.hash)
      this.#options.metrics.rejections.inc();
    this.acks.set(state);
    this.#refreshRoutes(state.namespace);
  }

  onDisconnect(podUid: string): void {
    this.acks.disconnect(podUid);
    const key = this.#workloads.keyOfPod(podUid);
    if (key !== undefined) this.#refreshRoutes(this.#workloads.get(key)?.workload.namespace);
  }

  onVariants(told: readonly SourceCounts[]): void {
    this.#experiments.hear(told);
  }

  onAsked(outcome: string): void {
    this.#options.metrics.grants.inc({ outcome });
  }

  async close(): Promise<void> {
    this.#alerts.close();
    const reflectors = [...this.#reflectors.values()].map((reflector) => reflector.stop());
    const referred = [this.#secrets.close(), this.#services.close()];
    await Promise.all([...reflectors, ...referred, this.#compiles.close(), this.#statuses.close()]);
    await Promise.all([this.acks.close(), this.#experiments.shared.close()]);
  }

  #reflect<T extends KubeObject>(type: ResourceType, handler: ReflectorHandler<T>, labelSelector?: string): void {
    const { client, log, watchNamespace } = this.#options;
    const reflector = new Reflector<T>({
      ...{ client, log, type, handler },
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(watchNamespace === undefined || !type.namespaced ? {} : { namespace: watchNamespace }),
    });
    this.#reflectors.set(type.kind, reflector);
  }

  #userObjects(kind: string): ReflectorHandler<UserObject> {
    const take = (key: string, touched: Touched, object?: UserObject) => {
      this.#look(key);
      if (this.#synced && (kind === KIND.policy || kind === KIND.route)) this.#selectAnew();
      this.#touch(touched, this.#switches.note(key, object));
      if (kind !== KIND.policy) this.#watchReferred();
    };
    return {
      apply: (object) => take(this.objects.set(object), this.index.apply(object), object),
      remove: (ref) => take(this.objects.delete({ kind, ...ref }), this.index.delete(objectKey({ kind, ...ref }))),
    };
  }

  /** An AIPolicy or AIRoute came, went or changed: pods that were of one workload may be of two now. */
  #selectAnew(): void {
    const selecting = selectingLabels(this.index.snapshot());
    if (selecting.key === this.#selecting.key) return;
    this.#selecting = selecting;
    for (const key of this.#workloads.regroup()) this.#join(key);
  }

  #namespaces(): ReflectorHandler<KubeObject> {
    const take = (name: string, labels: Readonly<Record<string, string>> | undefined) => {
      const touched = this.index.applyNamespace(name, labels);
      for (const key of this.#workloads.regroup(name)) this.#join(key);
      this.#touch(touched);
    };
    return {
      apply: ({ metadata }) => take(metadata.name, metadata.labels ?? {}),
      remove: ({ name }) => take(name, undefined),
    };
  }

  /** A ledger changed: some replica granted or booked something, so the object that owns it shows other figures. */
  #ledgers(): ReflectorHandler<LedgerObject> {
    const { ledgers } = this.#options;
    return {
      apply: (ledger) => {
        ledgers.apply(ledger);
        const { metadata } = ledger;
        for (const { kind, name } of metadata.ownerReferences ?? [])
          this.#look(objectKey({ kind, namespace: metadata.namespace, name }));
      },
      remove: (ref) => ledgers.remove(ref),
    };
  }

  #takePod(pod: InjectedPod, gone: boolean): void {
    const touched = gone ? this.#workloads.remove(pod.uid) : this.#workloads.set(pod);
    for (const key of touched) this.#join(key);
    if (gone) this.#forgetPod(pod);
    this.#refreshRoutes(pod.namespace);
  }

  #forgetPod({ uid, namespace, name }: InjectedPod): void {
    const { treasury, push, log, leads } = this.#options;
    this.acks.forget(uid);
    push.gone(uid);
    if (!leads()) return;
    treasury.forfeit(uid).catch((error) => {
      log.warn({ err: error, pod: `${namespace}/${name}` }, 'could not book what a deleted pod held as spent');
    });
  }

  #takeSecret(ref: ObjectRef): void {
    const data = this.#secrets.data(ref);
    // An empty value is no credential.
    const keys = data && [...data].filter(([, value]) => value !== '').map(([key]) => key);
    this.#touch(this.index.applySecretKeys(ref.namespace, ref.name, keys));
    // The keys may be the same and the value another one.
    this.#touch('all');
  }

  #takeService(ref: ObjectRef): void {
    const view = this.#services.view(ref);
    this.#touch(this.index.applyService(ref.namespace, ref.name, view));
    // Whoever waited for the first answer goes on without.
    if (view === undefined) this.#touch('all');
  }

  #watchReferred(): void {
    const { objects } = this.index.snapshot();
    this.#secrets.want(objects.flatMap(({ content }) => (content ? secretRefsOf(content) : [])));
    this.#services.want(this.#serviceRefs());
  }

  #serviceRefs(): ObjectRef[] {
    const snapshot = this.index.snapshot();
    return contentsOf(snapshot, KIND.provider).flatMap((provider) => serviceRefOf(provider, snapshot) ?? []);
  }

  #join(workloadKey: string): void {
    this.#publisher.noteJoined(workloadKey);
    if (this.#synced) this.#compiles.add(workloadKey);
  }

  #touch(touched: Touched, atOnce = false): void {
    if (!this.#synced || (touched !== 'all' && touched.size === 0)) return;
    for (const { key, workload } of this.#workloads.values()) {
      if (!isTouched(touched, workload)) continue;
      if (atOnce) this.#compiles.addNow(key);
      else this.#compiles.add(key);
    }
    // Conditions of objects elsewhere may change too: looking is cheap, writing happens only on a difference.
    this.refreshAll();
  }

  /** Before everything was read, a status could only be wrong. */
  #look(key: string): void {
    if (this.#synced) this.#statuses.add(key);
  }

  #refreshRoutes(namespace?: string): void {
    const isRoute = ({ kind, namespace: where }: { kind: string; namespace: string }) =>
      kind === KIND.route && (namespace === undefined || where === namespace);
    for (const key of this.objects.keys(isRoute)) this.#look(key);
  }
}

/** A timer that keeps no process alive. */
const afterRest = (ms: number, task: () => void): (() => void) => {
  const timer = setTimeout(task, ms).unref();
  return () => clearTimeout(timer);
};
