/** Watches exactly the Services that AIProviders name, and their EndpointSlices: each Service by its name, its slices by their label. */
import type { ServiceView } from '#contract/compile/service-view';
import type { Logger } from '#operator/telemetry/log';
import type { KubeClient } from './kube-client.ts';
import { Reflector } from './reflector.ts';
import { ENDPOINT_SLICE, keyOf, type ObjectRef, refOf, SERVICE } from './resource-type.ts';
import { type EndpointSlice, type Service, serviceView } from './service-endpoints.ts';
import { WorkQueue } from './work-queue.ts';

/** A change is told at once, the next one of the same Service after this: a rollout changes its endpoints many times a second. */
const SPACING_MS = 500;
/** What comes together, such as a pod that goes and one that comes. */
const QUIET_MS = 20;

export interface ServiceWatchesOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  /** A Service, or who is ready behind it, changed, or could not be read; ask `view` for what is known now. */
  readonly onChange: (ref: ObjectRef) => void;
}

interface Watched {
  readonly service: Reflector<Service>;
  readonly slices: Reflector<EndpointSlice>;
  readonly held: Map<string, EndpointSlice>;
  present: Service | undefined;
  isReading: boolean;
  /** Resolves when it was read once, or could not be. */
  read: Promise<void>;
}

export class ServiceWatches {
  readonly #options: ServiceWatchesOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #changes: WorkQueue;

  constructor(options: ServiceWatchesOptions) {
    this.#options = options;
    this.#changes = new WorkQueue({
      ...{ name: 'services', log: options.log, quietMs: QUIET_MS, maxMs: QUIET_MS, spacingMs: SPACING_MS },
      process: (key) => {
        options.onChange(refOf(key));
        return true;
      },
    });
  }

  /** null: there is no such Service. undefined: it is not watched, or was not read yet. */
  view(ref: ObjectRef): ServiceView | null | undefined {
    const watched = this.#watched.get(keyOf(ref));
    if (!watched?.service.hasSynced || !watched.slices.hasSynced) return undefined;
    return watched.present === undefined ? null : serviceView(watched.present, watched.held.values());
  }

  /** Whether the first answer about a Service (`namespace/name`) is still on its way. */
  isReading(key: string): boolean {
    return this.#watched.get(key)?.isReading === true;
  }

  /** Watches these Services and no others. */
  want(refs: Iterable<ObjectRef>): void {
    const wanted = new Map([...refs].map((ref) => [keyOf(ref), ref]));
    for (const [key, watched] of this.#watched) {
      if (wanted.has(key)) continue;
      this.#watched.delete(key);
      void stop(watched);
      this.#options.onChange(refOf(key));
    }
    for (const [key, ref] of wanted) if (!this.#watched.has(key)) this.#watch(key, ref);
  }

  /** Resolves when every watched Service was read once, or could not be. */
  async settled(): Promise<void> {
    await Promise.all([...this.#watched.values()].map(({ read }) => read));
  }

  lagMs(): number {
    return Math.max(
      0,
      ...[...this.#watched.values()].flatMap((watched) => reflectors(watched).map((one) => one.lagMs())),
    );
  }

  async close(): Promise<void> {
    await Promise.all([this.#changes.close(), ...[...this.#watched.values()].map(stop)]);
    this.#watched.clear();
  }

  #watch(key: string, { namespace, name }: ObjectRef): void {
    const { client, log } = this.#options;
    const changed = (): void => {
      // A watch that was just given up may still deliver, and before the first list is complete nothing is known.
      if (this.#watched.get(key) === watched && !watched.isReading) this.#changes.add(key);
    };
    const held = new Map<string, EndpointSlice>();
    const watched: Watched = {
      ...{ held, present: undefined, isReading: true, read: Promise.resolve() },
      service: new Reflector<Service>({
        ...{ client, log, namespace, type: SERVICE, fieldSelector: `metadata.name=${name}` },
        handler: {
          apply: ({ metadata, spec }) => {
            watched.present = { metadata, spec };
            changed();
          },
          remove: () => {
            watched.present = undefined;
            changed();
          },
        },
      }),
      slices: new Reflector<EndpointSlice>({
        ...{ client, log, namespace, type: ENDPOINT_SLICE, labelSelector: `kubernetes.io/service-name=${name}` },
        handler: {
          apply: (slice) => {
            held.set(slice.metadata.name, slice);
            changed();
          },
          remove: (ref) => {
            held.delete(ref.name);
            changed();
          },
        },
      }),
    };
    this.#watched.set(key, watched);
    for (const reflector of reflectors(watched)) {
      reflector.start();
      // One that could not be read at first may be read later, with nothing in it.
      void reflector.synced.then(changed);
    }
    watched.read = Promise.all(reflectors(watched).map((reflector) => reflector.settled)).then(() => {
      watched.isReading = false;
      changed();
    });
  }
}

const reflectors = ({ service, slices }: Watched) => [service, slices] as const;

const stop = async (watched: Watched): Promise<void> => {
  await Promise.all(reflectors(watched).map((reflector) => reflector.stop()));
};
