/** Kubernetes Events (events.k8s.io/v1) for a change of state that a user should see in `kubectl describe`. Best effort. */
import { API_GROUP_VERSION } from '#contract/names/api';
import type { Logger } from '#operator/telemetry/log';
import type { KubeClient } from './kube-client.ts';
import { isOfTerminatingNamespace } from './kube-error.ts';
import { apiVersionOf, EVENT } from './resource-type.ts';

export interface EventSubject {
  /** Default: that of our own kinds. */
  readonly apiVersion?: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  /** What the operator did that led to it, UpperCamelCase. */
  readonly action: string;
  readonly note: string;
}

/** events.k8s.io refuses longer notes. */
const MAX_NOTE_CHARS = 1024;
/** Events waiting to be sent; more are dropped, since conditions carry the same news. */
const MAX_PENDING = 100;

export class EventRecorder {
  readonly #client: KubeClient;
  readonly #instance: string;
  readonly #log: Logger;
  #pending = 0;

  constructor(options: { readonly client: KubeClient; readonly instance: string; readonly log: Logger }) {
    this.#client = options.client;
    this.#instance = options.instance;
    this.#log = options.log;
  }

  record(subject: EventSubject, event: EventNote): void {
    if (this.#pending >= MAX_PENDING) return;
    this.#pending += 1;
    this.#client
      .create(EVENT, subject.namespace, this.#body(subject, event))
      .catch((error) => this.#refused(error, event))
      .finally(() => {
        this.#pending -= 1;
      });
  }

  /** Of a namespace that is being deleted nobody reads Events, and every object in it would have some. */
  #refused(err: unknown, { reason }: EventNote): void {
    if (isOfTerminatingNamespace(err))
      this.#log.debug({ reason }, 'no event is recorded in a namespace that is deleted');
    else this.#log.warn({ err, reason }, 'could not record an event');
  }

  #body(subject: EventSubject, event: EventNote) {
    return {
      apiVersion: apiVersionOf(EVENT),
      kind: EVENT.kind,
      metadata: { generateName: `${subject.name.slice(0, 200)}-`, namespace: subject.namespace },
      eventTime: new Date().toISOString().replace('Z', '000Z'),
      reportingController: 'remora.dev/operator',
      reportingInstance: this.#instance.slice(0, 128),
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: event.note.slice(0, MAX_NOTE_CHARS),
      regarding: { apiVersion: API_GROUP_VERSION, ...subject },
    };
  }
}
